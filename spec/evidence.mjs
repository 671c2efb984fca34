// Redocly plugin: every element says where it comes from, in the grammar of README.md.
const CITE = '[a-z]+#L[0-9]+(-L[0-9]+)?';
const GRAMMAR = new RegExp(`^(documented( ${CITE})+|inferred: \\S.*|conflict( ${CITE}){2,}: \\S.*)$`);
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
  const wellFormed = (node, { report, location }) => {
    for (const [key, value] of Object.entries(node)) {
      const at = { report, location: location.child(key) };
      if (/^x-(\w+-)?evidence$/.test(key)) {
        if (!GRAMMAR.test(value)) {
          report({ message: `${key} reads ${JSON.stringify(value)}: write ${FORMS}.`, location: at.location });
        }
      } else if (isObject(value)) {
        wellFormed(value, at);
      }
    }
  };

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
