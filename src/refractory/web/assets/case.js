// What the page can do without, made quicker: an answer changes the cards in place, a file may be dropped, and what is
// needed in a part is needed only once something stands in that part. Nothing is kept, and nothing is sent elsewhere.

const said = document.getElementById("said");

// ---- answers, and parts that are added, without leaving the page ----

document.addEventListener("submit", async (event) => {
  const form = event.target;
  const button = event.submitter;
  const name = button?.name || (form.querySelector('input[name="answer"]') ? "answer" : "");
  if (form.dataset.swap !== name || !name || button?.hasAttribute("formaction")) return;
  event.preventDefault();
  const body = new FormData(form, button);
  const from = button.closest(".question");
  const place = from ? [...from.parentElement.children].indexOf(from) : -1;
  document.body.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(body), credentials: "same-origin" });
    if (!answer.headers.get("content-type")?.startsWith("text/html")) throw new Error("no page");
    show(new DOMParser().parseFromString(await answer.text(), "text/html"), place);
  } catch {
    say("The service did not answer. Nothing was changed; try again.");
  } finally {
    document.body.removeAttribute("aria-busy");
  }
});

function show(page, place) {
  const main = document.getElementById("main");
  const open = new Set([...main.querySelectorAll("details[open][id]")].map((one) => one.id));
  const next = page.getElementById("main");
  for (const one of next.querySelectorAll("details[id]")) if (open.has(one.id)) one.open = true;
  main.replaceChildren(...document.adoptNode(next).childNodes);
  document.title = page.title;
  prepare();
  const changes = document.getElementById("changes");
  const wrong = main.querySelector("[aria-invalid=true], #faults");
  const asked = main.querySelectorAll(".question");
  const focus = main.querySelector("[autofocus]") ?? wrong ?? asked[Math.min(place, asked.length - 1)] ?? changes ?? main;
  focus.focus({ preventScroll: focus !== wrong && place < 0 });
  say(wrong ? main.querySelector(".fault")?.textContent ?? "" : changes?.dataset.said ?? "", changes && !wrong);
}

function say(text, linked = false) {
  said.replaceChildren(text);
  if (!text || !linked) return;
  const link = document.createElement("a");
  link.href = "#changes";
  link.textContent = "See what changed";
  link.addEventListener("click", () => setTimeout(() => said.replaceChildren(), 0));
  said.append(" ", link);
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") said.replaceChildren();
});

// ---- what is needed in a part ----

function needs(block) {
  const fields = [...block.querySelectorAll("input, select")];
  const begun = fields.some((one) => one.value !== "");
  for (const one of fields) if ("needed" in one.dataset) one.required = begun;
}

document.addEventListener("input", (event) => {
  const block = event.target.closest?.("[data-block]");
  if (block) needs(block);
});

// ---- a file that is dropped ----

function hasFile(event) {
  return event.dataTransfer?.types.includes("Files");
}

for (const kind of ["dragover", "drop"]) {
  document.addEventListener(kind, (event) => {
    const area = document.querySelector("[data-drop]");
    if (!area || !hasFile(event)) return;
    // A browser would leave the page and show the file.
    event.preventDefault();
    area.classList.toggle("over", kind === "dragover");
    if (kind === "dragover") return;
    const field = area.querySelector('input[type="file"]');
    field.files = event.dataTransfer.files;
    area.querySelector("button").focus();
    say(`${field.files[0]?.name ?? "A file"} is ready to be assessed.`);
  });
}

document.addEventListener("dragleave", (event) => {
  if (event.relatedTarget === null) document.querySelector("[data-drop]")?.classList.remove("over");
});

// A field that is wrong in a part that is folded could not be shown by the browser.
document.addEventListener("invalid", (event) => {
  const folded = event.target.closest("details:not([open])");
  if (folded) folded.open = true;
}, true);

function prepare() {
  document.querySelectorAll("[data-block]").forEach(needs);
}

prepare();
