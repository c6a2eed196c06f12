// A page of a proof works without this. It unfolds what a link leads to, lights the lines of a box, and prints.

const all = (selector, within = document) => [...within.querySelectorAll(selector)];

function unfold(hash) {
  const found = hash && document.getElementById(decodeURIComponent(hash.slice(1)));
  if (!found) return;
  for (let part = found; part; part = part.parentElement) {
    if (part.tagName === "DETAILS") part.open = true;
  }
  all(".found").forEach((other) => other.classList.remove("found"));
  if (found.closest(".told")) {
    found.classList.add("found");
    (found.querySelector(":scope > summary") ?? found).focus({ preventScroll: true });
  } else if (found.closest("svg")) {
    found.focus({ preventScroll: true });
  }
  found.scrollIntoView({ block: "center", inline: "center" });
}

// A narrow window shows the conclusion first, not the left edge.
for (const drawing of all(".drawing")) {
  const first = drawing.querySelector("svg a")?.getBoundingClientRect();
  const frame = drawing.getBoundingClientRect();
  if (first && first.right > frame.right) drawing.scrollLeft += first.left + first.width / 2 - frame.left - frame.width / 2;
}

addEventListener("hashchange", () => unfold(location.hash));
unfold(location.hash);
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href^='#proof-']");
  // Following the same link twice changes no address, and must lead there all the same.
  if (link && link.getAttribute("href") === location.hash) unfold(location.hash);
});

function light(event) {
  const box = event.target.closest?.("svg.proof a");
  all("svg.proof .lit").forEach((line) => line.classList.remove("lit"));
  if (!box || event.type === "pointerout" || event.type === "focusout") return;
  const step = CSS.escape(box.dataset.step);
  all(`svg.proof .line[data-from="${step}"], svg.proof .line[data-to="${step}"]`).forEach((line) => line.classList.add("lit"));
}
for (const type of ["pointerover", "pointerout", "focusin", "focusout"]) document.addEventListener(type, light);

for (const [name, open] of [["unfold", true], ["fold", false]]) {
  for (const button of all(`[data-${name}]`)) {
    button.hidden = false;
    button.addEventListener("click", () => all(`${button.dataset[name]} details`).forEach((part) => { part.open = open; }));
  }
}

for (const button of all("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => print());
}
addEventListener("beforeprint", () => all("#told details").forEach((part) => { part.open = true; }));
