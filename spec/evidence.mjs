// Redocly plugin: every element says where it comes from, and what is open about it, in the grammar of README.md.
const CITE = '[a-z]+#L[0-9]+(-L[0-9]+)?';
const WHY = `open( ${CITE})*: \\S.*`;
const GRAMMAR = new RegExp(`^(documented( ${CITE})+|(inferred|observed( [0-9]{4}-[0-9]{2}-[0-9]{2})?): \\S.*|conflict( ${CITE}){2,}: \\S.*|${WHY})$`);
// Of an example: a source shows it, or its values are ours, in the form that the source shows in these lines.
const EXAMPLE = new RegExp(`^(documented( ${CITE})+|invented( ${CITE})*)$`);
// Laws that no source states are judged more mildly; they stand in extensions of their own.
const PLAUSIBLE = /^plausible: \S/;
const LAWS = /^x-(agrees-with|aggregate|aggregation|always|echo|identity|invariants|plausible|power|reckoning|register-of|searches|sort)(-evidence)?$/;
const FORMS = '"documented neu#L40-L62", "inferred: why" or "conflict neu#L46 neu#L130: what was chosen"';
const EXAMPLES = '"documented neu#L97", or "invented neu#L99" if the values are not those of the source';

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
    if ('example' in node && !('x-example-evidence' in node)) {
      report({ message: `x-example-evidence is missing: write ${EXAMPLES}.`, location: location.child('example') });
    }
    for (const [key, value] of Object.entries(node)) {
      const at = { report, location: location.child(key) };
      const lawful = law || LAWS.test(key);
      if (key === 'x-example-evidence' || (key === 'x-evidence' && 'value' in node)) {
        if (!EXAMPLE.test(value)) {
          report({ message: `${key} reads ${JSON.stringify(value)}: write ${EXAMPLES}.`, location: at.location });
        }
      } else if (/^x-(\w+-)?evidence$/.test(key)) {
        if (!GRAMMAR.test(value) && !(lawful && PLAUSIBLE.test(value))) {
          const forms = lawful ? `${FORMS}, or "plausible: why"` : FORMS;
          report({ message: `${key} reads ${JSON.stringify(value)}: write ${forms}.`, location: at.location });
        }
      } else if (isObject(value) && !(key === 'value' && 'summary' in node)) {
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
    Example: { enter: present },
    SchemaProperties: {
      enter(properties, { report, location, resolve }) {
        for (const [name, schema] of Object.entries(properties)) {
          present(schema, { report, location: location.child(name), resolve });
        }
      },
    },
  };
}

// Open questions, and the claims that an answer's field is always there and never null.
function Questions() {
  const check = (root, { report, location }) => {
    const questions = root['x-questions'] ?? {};
    const sites = Object.fromEntries(Object.keys(questions).map((id) => [id, []]));
    const tell = (message, steps) => {
      report({ message, location: steps.reduce((at, step) => at.child(step), location) });
    };
    const follow = (node) => {
      let found = node;
      while (isObject(found) && '$ref' in found) {
        const { $ref, ...beside } = found;
        const target = $ref.slice(2).split('/').reduce((at, key) => at?.[key], root) ?? {};
        const open = { ...target['x-open'], ...beside['x-open'] };
        found = { ...target, ...beside, 'x-open': open };
      }
      return found;
    };

    // What is said of one question at one element; a text is short for our reading.
    const said = (id, node) => {
      const own = typeof node === 'string' ? { ours: node } : node;
      const { settled, ours = settled, readings = Object.keys(questions[id]?.readings ?? {}) } = own;
      return { ...own, ours, readings: settled ? [settled] : readings };
    };
    const site = (id, node, steps) => {
      if (!(id in questions)) {
        tell(`x-open names the question ${id}, which is not among x-questions.`, steps);
        return;
      }
      sites[id].push(node);
      const { ours, readings, settled, 'x-evidence': evidence, ...more } = said(id, node);
      const known = Object.keys(questions[id].readings ?? {});
      for (const reading of new Set([ours, ...readings])) {
        if (!known.includes(reading)) {
          tell(`${id} has no reading ${JSON.stringify(reading)}: choose among ${known.join(', ')}.`, steps);
        }
      }
      for (const key of Object.keys(more)) {
        tell(`${id}: ${key} is none of ours, readings, settled, x-evidence.`, steps);
      }
      if (settled === undefined ? evidence !== undefined : !/^(documented|observed)\b/.test(evidence ?? '')) {
        tell(`${id}: what is settled, and nothing else, has x-evidence here, documented or observed.`, steps);
      }
      if (settled === undefined && (readings.length < 2 || !readings.includes(ours))) {
        tell(`${id} is open here: it needs two readings, and ours among them.`, steps);
      }
    };

    // Of a property of an answer, what its schema admits and what its questions admit is the same.
    const claims = (schema, steps, answer) => {
      const required = schema.required ?? [];
      if (required.length && !('x-required-evidence' in schema)) {
        tell('required is a claim of its own: x-required-evidence is missing.', steps);
      }
      for (const [name, node] of answer ? Object.entries(schema.properties) : []) {
        const property = follow(node);
        const open = Object.entries(property['x-open'] ?? {}).map(([id, said_]) => said(id, said_));
        if (open.some(({ settled }) => settled)) {
          continue;
        }
        const nullable = [property.type].flat().includes('null') || (property.anyOf ?? []).some((it) => it.type === 'null');
        for (const [reading, admitted] of [['absent', !required.includes(name)], ['null', nullable]]) {
          if (admitted !== open.some(({ readings }) => readings.includes(reading))) {
            const wrong = admitted ? 'the schema admits it, and no question is open' : 'a question admits it, and not the schema';
            tell(`${name} may be ${reading}? ${wrong}.`, [...steps, 'properties', name]);
          }
        }
      }
    };

    const answers = new Set();
    const reach = (node) => {
      if (isObject(node) && !answers.has(node)) {
        answers.add(node);
        if ('$ref' in node) {
          reach(node.$ref.slice(2).split('/').reduce((at, key) => at?.[key], root));
        }
        Object.entries(node).filter(([key]) => !/^(x-|example)/.test(key)).forEach(([, value]) => reach(value));
      }
    };
    const each = (node, visit, steps = []) => {
      if (isObject(node)) {
        visit(node, steps);
        for (const [key, value] of Object.entries(node)) {
          if (!/^(x-|example)/.test(key)) {
            each(value, visit, [...steps, key]);
          }
        }
      }
    };

    each(root, (node) => isObject(node.responses) && 'operationId' in node && reach(node.responses));
    each(root, (node, steps) => {
      for (const [id, value] of Object.entries(node['x-open'] ?? {})) {
        site(id, value, [...steps, 'x-open', id]);
      }
      if (isObject(node.properties) && node.type === 'object') {
        claims(node, steps, answers.has(node));
      }
    });
    for (const [id, node] of Object.entries(questions)) {
      const { theme, question, readings = {}, why, mixed = false, which = [], arguments: places, ...more } = node;
      const steps = ['x-questions', id];
      if (!/^[a-z]+$/.test(theme ?? '')) {
        tell(`${id}: theme is a word, such as pages; docs/texts.en.yaml has the heading of each.`, steps);
      }
      if (!question?.endsWith('?')) {
        tell(`${id}: question is a sentence that ends with a question mark.`, steps);
      }
      if (!new RegExp(`^${WHY}$`).test(why ?? '')) {
        tell(`${id}: why reads ${JSON.stringify(why)}: write "open neu#L24: why" or "open: why".`, steps);
      }
      if (typeof mixed !== 'boolean' || Object.keys(more).length) {
        tell(`${id} has theme, question, readings, why, which, arguments, and mixed, which is true or false, and nothing else.`, steps);
      }
      if (places && Object.keys(places).join() !== Object.keys(readings).join()) {
        tell(`${id}: arguments has the place of the argument by each reading, in their order.`, steps);
      }
      if (!which.every((reading) => reading in readings)) {
        tell(`${id}: which lists readings, by their names.`, steps);
      }
      if (!sites[id].length) {
        tell(`${id} is open about no element: name it in an x-open.`, steps);
      }
      if (Object.keys(readings).length < 2 && !sites[id].every((node) => node.settled)) {
        tell(`${id} is open and has fewer than two readings.`, steps);
      }
      for (const [reading, text] of Object.entries(readings).filter(([, text]) => !/\S\.$/.test(text))) {
        tell(`${id}: the reading ${reading} is no sentence: ${JSON.stringify(text)}.`, steps);
      }
    }
  };
  return { Root: { enter: check } };
}

export default () => ({ id: 'contrato', rules: { oas3: { evidence: Evidence, questions: Questions } } });
