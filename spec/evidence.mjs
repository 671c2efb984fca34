// Redocly plugin: every element says where it comes from, in the grammar of README.md.
const CITE = '[a-z]+#L[0-9]+(-L[0-9]+)?';
const GRAMMAR = new RegExp(`^(documented( ${CITE})+|inferred: \\S.*|conflict( ${CITE}){2,}: \\S.*)$`);
// Laws that no source states are judged more mildly; they stand in extensions of their own.
const PLAUSIBLE = /^plausible: \S/;
const LAWS = /^x-(agrees-with|aggregate|aggregation|always|echo|identity|invariants|plausible|power|reckoning|register-of|searches|sort)(-evidence)?$/;
const FORMS = '"documented neu#L40-L62", "inferred: why" or "conflict neu#L46 neu#L130: what was chosen"';

const isObject = (node) => typeof node === 'object' && node !== null;

function Evidence() {
  const present = (node, { report, location, resolve }) => {
    // On a $ref the component speaks, unless the reference says it itself.
    const target = node.$ref && !('x-evidence' in node) ? resolve(node).node : node;
    if (!isObject(target) || !('x-evidence' in target)) {
      report({ message: `x-evidence is missing: write ${FORMS}.`, location: location.key() });
    }
  };

  // The walk is our own because Redocly's visitors see neither the siblings of a $ref nor the inside of an extension.
  const walk = (node, { report, location }, law) => {
    for (const [key, value] of Object.entries(node)) {
      const at = { report, location: location.child(key) };
      const lawful = law || LAWS.test(key);
      if (/^x-(\w+-)?evidence$/.test(key)) {
        if (!GRAMMAR.test(value) && !(lawful && PLAUSIBLE.test(value))) {
          const forms = lawful ? `${FORMS}, or "plausible: why"` : FORMS;
          report({ message: `${key} reads ${JSON.stringify(value)}: write ${forms}.`, location: at.location });
        }
      } else if (isObject(value)) {
        walk(value, at, lawful);
      }
    }
  };
  const wellFormed = (root, context) => walk(root, context, false);

  return {
    Root: { enter: wellFormed },
    Server: { enter: present },
    SecurityScheme: { enter: present },
    PathItem: { enter: present },
    Operation: { enter: present },
    Parameter: { enter: present },
    RequestBody: { enter: present },
    Response: { enter: present },
    SchemaProperties: {
      enter(properties, { report, location, resolve }) {
        for (const [name, schema] of Object.entries(properties)) {
          present(schema, { report, location: location.child(name), resolve });
        }
      },
    },
  };
}

export default () => ({ id: 'contrato', rules: { oas3: { evidence: Evidence } } });
