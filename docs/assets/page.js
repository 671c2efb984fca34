// Conveniences of a page; without a script all that they lead to is there.
{
  // A button at each piece of code that copies it.
  const { copy, copied } = JSON.parse(document.currentScript.dataset.words);
  for (const code of document.querySelectorAll('.page pre > code')) {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'copy';
    button.textContent = copy;
    button.addEventListener('click', async () => {
      await navigator.clipboard.writeText(code.textContent);
      button.textContent = copied;
      setTimeout(() => { button.textContent = copy; }, 2000);
    });
    const frame = document.createElement('div');
    frame.className = 'code';
    code.parentNode.replaceWith(frame);
    frame.append(code.parentNode, button);
  }
}
// One search over both APIs and the guides. The interactive reference has one of its own.
if (!document.querySelector('#app')) {
  const { home } = document.currentScript.dataset;
  const words = JSON.parse(document.currentScript.dataset.words);
  const MOST = 12;
  const make = (parent, tag, attributes = {}) => {
    const element = parent.appendChild(document.createElement(tag));
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    return element;
  };
  const form = document.createElement('form');
  form.className = 'search';
  form.setAttribute('role', 'search');
  const box = make(form, 'input', { type: 'search', 'aria-label': words.search, placeholder: words.search, autocomplete: 'off' });
  const panel = make(form, 'div', { class: 'found' });
  const said = make(panel, 'p', { role: 'status' });
  const list = make(panel, 'ul');
  document.querySelector('header .languages').before(form);

  // Accents and capitals do not count.
  const fold = (text) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
  // A page opened as a file may load a script, but no data.
  let loading;
  const load = () => loading ??= new Promise((resolve) => {
    make(document.head, 'script', { src: `${home}search.js` }).addEventListener('load', () => {
      resolve(window.CONTRATO_SEARCH.map((entry) => ({
        ...entry,
        name: fold(entry.title),
        ids: [entry.href.split('#').pop(), entry.place.split(' · ').pop()].map(fold),
        about: fold(entry.text),
        all: fold(Object.values(entry).join(' ')),
      })));
    });
  });
  // Its name; its id, and the method or the place that it belongs to; what begins with it; what has it.
  const rank = ({ name, ids, about }, wanted) =>
    [name === wanted, ids.includes(wanted), name.startsWith(wanted), name.includes(wanted), about.includes(wanted), true].indexOf(true);
  // What is said around the first match.
  const excerpt = (text, part) => {
    const start = Math.max(0, fold(text).indexOf(part) - 60);
    return `${start ? '…' : ''}${text.slice(start, start + 160)}${text.length > start + 160 ? '…' : ''}`;
  };
  async function search() {
    const wanted = fold(box.value.trim());
    const entries = await load();
    if (wanted !== fold(box.value.trim())) return;
    const parts = wanted.split(/\s+/);
    const having = (words_) => entries.filter(({ all }) => wanted && words_.every((part) => all.includes(part)));
    const found = having(parts);
    // Sorting is stable: what ranks alike stays in the order of the index.
    found.sort((one, other) => rank(one, wanted) - rank(other, wanted));
    // Then what has the words with another ending: "paged" is asked, and "page" is there.
    const stems = parts.map((part) => /^\p{L}{5,}$/u.test(part) ? part.slice(0, -2) : part);
    found.push(...having(stems).filter((entry) => !found.includes(entry)));
    list.replaceChildren();
    for (const { title, place, href, text } of found.slice(0, MOST)) {
      const link = make(make(list, 'li'), 'a', { href: home + href });
      make(link, 'b').textContent = title;
      make(link, 'span').textContent = place;
      make(link, 'small').textContent = excerpt(text, stems[0]);
    }
    said.textContent = found.length > MOST ? `${MOST} / ${found.length}` : found.length || words.nothing;
    panel.classList.toggle('open', Boolean(wanted));
  }
  const hide = () => panel.classList.remove('open');
  box.addEventListener('focus', load);
  box.addEventListener('input', search);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    search().then(() => list.querySelector('a')?.click());
  });
  form.addEventListener('keydown', (event) => {
    const places = [box, ...list.querySelectorAll('a')];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step && panel.classList.contains('open')) {
      event.preventDefault();
      places[Math.max(0, Math.min(places.length - 1, places.indexOf(document.activeElement) + step))].focus();
    } else if (event.key === 'Escape') {
      hide();
      box.focus();
    }
  });
  list.addEventListener('click', hide);
  for (const kind of ['pointerdown', 'focusin']) document.addEventListener(kind, ({ target }) => { if (!form.contains(target)) hide(); });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'k' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      box.focus();
    }
  });
}
