// Renders a reference with Scalar. The page gives window.CONTRATO: the spec, the language and the words for evidence.
const { spec, locale, words, origin } = window.CONTRATO;
const LEVELS = /^(documented|inferred|conflict|observed|open|invented)\s*([^:]*):?\s*(.*)$/s;

// Badges: what the vendor promises, what we guessed. Scalar makes an element of this name for each extension below.
class Evidence extends HTMLElement {
  connectedCallback() {
    for (const { name, value } of this.attributes) {
      const [, part] = /^x-(?:(\w+)-)?evidence$/.exec(name) ?? [name];
      if (name.endsWith('evidence')) this.replaceChildren(badge(value, part));
    }
  }
}
function badge(text, part) {
  const [, level, cited, reason] = LEVELS.exec(text);
  const cites = [...cited.matchAll(/#(L\d+(?:-L\d+)?)/g)];
  const lines = cites.map(([, line]) => line).join(', ');
  // The page is about one API, and so about one document.
  const why = reason.replace(/\b[a-z]+#(?=L\d)/g, '');
  const shown = [why, lines && `${words.source}: ${lines}`].filter(Boolean);
  const details = document.createElement('details');
  details.className = `evidence ${level}`;
  details.title = shown.join('\n');
  const summary = details.appendChild(document.createElement('summary'));
  // Words may have a gender.
  const told = (words.agrees[part] === 'feminine' ? words.feminine : words)[level];
  summary.textContent = (part ? `${words[part]}: ` : '') + told;
  for (const line of shown) details.appendChild(document.createElement('p')).textContent = line;
  return details;
}
customElements.define('contrato-evidence', Evidence);
customElements.define('contrato-unit', class extends HTMLElement {
  connectedCallback() {
    this.textContent = `${words.unit}: ${this.getAttribute('x-unit')}`;
  }
});

// Only a server that stands beside the page says an origin, docs/build.py --serve.
for (const { variables = {} } of origin ? spec.servers : []) {
  for (const variable of Object.values(variables)) if (/^https?:/.test(variable.default)) variable.default = origin;
}

// What Scalar leaves out, and whoever listens to a page needs; docs/test_browser.py looks whether it still does.
const MENDED = {
  '[role=combobox]:not([aria-expanded])': (box) => box.setAttribute('aria-expanded', box.hasAttribute('aria-controls')),
  'button[role=none]': (button) => button.removeAttribute('role'),
  '.cm-content:not([aria-label])': (editor) => editor.setAttribute('aria-label', editor.isContentEditable ? words.body : words.answer),
  // The keyboard has to reach a body that scrolls; that of a request it reaches anyway, which axe does not see.
  '.cm-content:not([tabindex])': (editor) => editor.setAttribute('tabindex', 0),
  // They control nothing.
  '.group\\/copy-button[aria-controls]': (button) => button.removeAttribute('aria-controls'),
};
new MutationObserver(() => {
  for (const [selector, mend] of Object.entries(MENDED)) document.querySelectorAll(selector).forEach(mend);
}).observe(document.body, { childList: true, subtree: true });

const shows = (name, component) => ({ name, component });
Scalar.createApiReference('#app', {
  content: spec,
  localization: { locale },
  slug: 'api',
  plugins: [
    () => ({
      name: 'contrato',
      extensions: [
        shows('x-evidence', 'contrato-evidence'),
        shows('x-operation-evidence', 'contrato-evidence'),
        shows('x-meaning-evidence', 'contrato-evidence'),
        shows('x-safe-evidence', 'contrato-evidence'),
        shows('x-default-evidence', 'contrato-evidence'),
        shows('x-unit-evidence', 'contrato-evidence'),
        shows('x-unit', 'contrato-unit'),
        shows('x-path-evidence', 'contrato-evidence'),
      ],
    }),
  ],
  // Nothing is asked of, or sent to, any other host.
  withDefaultFonts: false,
  telemetry: false,
  agent: { disabled: true },
  mcp: { disabled: true },
  showDeveloperTools: 'never',
  hideClientButton: true,
  hiddenClients: true,
  documentDownloadType: 'none',
  // All operations at a glance.
  defaultOpenAllTags: true,
  // The fields of the answers have badges, too.
  expandAllResponses: true,
  expandAllSchemaProperties: true,
  orderSchemaPropertiesBy: 'preserve',
  orderRequiredPropertiesFirst: false,
  persistAuth: false,
  customFetch: async (input, init) => {
    const request = new Request(input, init);
    if (request.method === 'DELETE' && !confirm(`${request.url}\n\n${words.delete}`)) throw new DOMException('Not sent', 'AbortError');
    return fetch(request);
  },
  authentication: {
    preferredSecurityScheme: 'bearerAuth',
    securitySchemes: { bearerAuth: { token: 'demo' } },
  },
  // Links stay the same in all languages; that of a schema has this word.
  modelsSectionLabel: 'Schemas',
  generateTagSlug: (tag) => tag.name,
  generateOperationSlug: (operation) => operation.operationId ?? `${operation.method}${operation.path}`,
});
