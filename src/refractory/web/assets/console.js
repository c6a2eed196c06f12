// The console works without this: its form is then answered as a page. Here it asks the endpoint, and answers in place.
// Nothing is kept, and no query stands in an address.

const form = document.getElementById("console");
const query = document.getElementById("query");
const answer = document.getElementById("answer");
const found = document.getElementById("found");
const files = document.getElementById("files");
const status = document.getElementById("status");
const prefixes = JSON.parse(form.dataset.prefixes);
const limit = Number(form.dataset.limit);

const plain = document.getElementById("plain");

let editor = null;

// An editor with colors and numbers of lines, for a mouse and keys; who prefers a plain field takes that.
function enhance() {
  editor = window.CodeMirror.fromTextArea(query, {
    mode: "application/sparql-query",
    inputStyle: "textarea",
    lineNumbers: true,
    lineWrapping: true,
    matchBrackets: true,
    viewportMargin: Infinity,
    screenReaderLabel: "Query",
    // Tab leaves the editor, forward and backward.
    extraKeys: { Tab: false, "Shift-Tab": false, "Ctrl-Enter": ask, "Cmd-Enter": ask },
  });
  editor.getInputField().setAttribute("aria-describedby", "query-hint");
}

function simplify() {
  editor.toTextArea();
  editor = null;
}

if (window.CodeMirror) {
  plain.hidden = false;
  if (matchMedia("(pointer: fine)").matches) enhance();
  plain.setAttribute("aria-pressed", String(!editor));
  plain.addEventListener("click", () => {
    if (editor) simplify(); else enhance();
    plain.setAttribute("aria-pressed", String(!editor));
  });
}
document.getElementById("query-label").addEventListener("click", () => editor?.focus());
query.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); ask(); }
});

const text = () => (editor ? editor.getValue() : query.value);

function write(said) {
  if (editor) { editor.setValue(said); editor.focus(); } else { query.value = said; query.focus(); }
  (editor ? editor.getWrapperElement() : query).scrollIntoView({ block: "nearest" });
}

for (const pick of document.querySelectorAll(".pick")) {
  pick.addEventListener("click", (event) => {
    event.preventDefault();
    write(pick.dataset.text);
    if ("case" in pick.dataset) document.getElementById("with-case").open = true;
    status.textContent = `In the editor: ${pick.textContent}`;
  });
}

form.addEventListener("submit", (event) => {
  if (event.submitter?.name === "pick") return;
  event.preventDefault();
  ask();
});

let asked = 0;

async function ask() {
  const mine = ++asked;
  const fields = { query: text(), case: form.elements.case.value };
  if (!fields.case.trim()) delete fields.case;
  status.textContent = "Asking";
  const began = performance.now();
  let parts, said, kind;
  try {
    const response = await fetch(form.dataset.endpoint, {
      method: "POST",
      headers: { Accept: "application/sparql-results+json, text/turtle;q=0.9" },
      body: new URLSearchParams(fields),
    });
    const body = await response.text();
    if (mine !== asked) return;
    ({ parts, said, kind } = shown(response, body, Math.round(performance.now() - began)));
  } catch {
    if (mine !== asked) return;
    ({ parts, said, kind } = fault({ detail: "The service could not be reached." }));
  }
  found.replaceChildren(...parts);
  answer.hidden = false;
  status.textContent = said;
  files.hidden = kind === "fault";
  files.elements.query.value = fields.query;
  files.elements.case.value = fields.case ?? "";
  for (const button of files.querySelectorAll("button")) button.hidden = (button.dataset.of === "graph") !== (kind === "graph");
  answer.scrollIntoView({ block: "nearest" });
}

function shown(response, body, milliseconds) {
  mark(null);
  const media = (response.headers.get("Content-Type") ?? "").split(";")[0];
  if (!response.ok) {
    const problem = media.endsWith("json") ? JSON.parse(body) : { detail: body };
    mark(problem.line ?? null);
    return fault(problem);
  }
  const warnings = warned(response.headers.get("Refractory-Warning"));
  if (media === "text/turtle") {
    const turtle = made("pre", { tabIndex: 0, role: "region", ariaLabel: "Graph as Turtle" }, body);
    return { parts: [...warnings, made("p", { className: "quiet" }, `A graph, ${milliseconds} ms`), turtle], said: "A graph", kind: "graph" };
  }
  const result = JSON.parse(body);
  if ("boolean" in result) {
    const extra = made("span", { className: "extra" }, `${result.boolean}, ${milliseconds} ms`);
    const says = result.boolean ? "Yes" : "No";
    return { parts: [...warnings, made("p", { className: "boolean" }, `${says} `, extra)], said: says, kind: "boolean" };
  }
  const count = result.results.bindings.length;
  const said = `${count} row${count === 1 ? "" : "s"}, ${milliseconds} ms`;
  return { parts: [...warnings, table(result, count > limit ? `${said}; the first ${limit} are shown` : said)], said, kind: "rows" };
}

function fault(problem) {
  const detail = made("pre", { tabIndex: 0, role: "region", ariaLabel: "What is wrong" }, problem.detail);
  const card = made("div", { className: "card critical" }, made("h3", {}, "Not answered"), detail);
  return { parts: [card], said: `Not answered. ${problem.detail}`, kind: "fault" };
}

function warned(header) {
  // Several headers of one name come joined; each warning ends in a sentence of its own.
  return header ? [made("p", { className: "card warning" }, made("strong", {}, "To look at:"), ` ${header}`)] : [];
}

function table(result, caption) {
  const columns = result.head.vars;
  const head = made("tr", {}, ...columns.map((column) => made("th", { scope: "col" }, column)));
  const rows = result.results.bindings.slice(0, limit).map((row) =>
    made("tr", {}, ...columns.map((column) => made("td", {}, ...cell(row[column])))));
  const whole = made("table", {}, made("caption", { id: "rows" }, caption), made("thead", {}, head), made("tbody", {}, ...rows));
  const region = made("div", { className: "scroll", tabIndex: 0, role: "region" }, whole);
  region.setAttribute("aria-labelledby", "rows");
  return region;
}

function cell(term) {
  if (!term) return [];
  if (term.type === "uri") return [made("code", {}, short(term.value))];
  if (term.type === "bnode") return [made("code", {}, `_:${term.value}`)];
  const extra = term["xml:lang"] ?? (term.datatype ? short(term.datatype) : "");
  return extra ? [term.value, " ", made("span", { className: "extra" }, extra)] : [term.value];
}

function short(iri) {
  for (const [prefix, namespace] of Object.entries(prefixes)) {
    if (iri.startsWith(namespace) && /^[\p{L}\p{N}_.-]+$/u.test(iri.slice(namespace.length))) return `${prefix}:${iri.slice(namespace.length)}`;
  }
  return iri;
}

// The line that is at fault, until the next answer.
function mark(line) {
  if (!editor) return;
  // A callback that returns something ends the walk.
  editor.eachLine((each) => { editor.removeLineClass(each, "background", "at-fault"); });
  if (line !== null) editor.addLineClass(Math.min(line, editor.lineCount()) - 1, "background", "at-fault");
}

// Text goes in as text: whatever a term holds, it is never read as HTML.
function made(name, values, ...children) {
  const part = Object.assign(document.createElement(name), values);
  part.append(...children);
  return part;
}
