// Filters a list as one types. Without it the list stands whole, with its headings and letters.

const words = (text) => text.toLowerCase().split(/\s+/).filter(Boolean);

for (const box of document.querySelectorAll("[data-filter]")) {
  const input = box.querySelector("input");
  const status = box.querySelector("[data-count]");
  const groups = [...document.querySelectorAll("[data-group]")];
  const items = [...document.querySelectorAll("[data-item]")].map((item) => ({
    item,
    // A group's own heading counts for what stands below it.
    text: `${item.textContent} ${item.closest("[data-group]")?.querySelector("h2")?.textContent ?? ""}`.toLowerCase(),
  }));
  const filter = () => {
    const wanted = words(input.value);
    let shown = 0;
    for (const { item, text } of items) {
      item.hidden = !wanted.every((word) => text.includes(word));
      shown += item.hidden ? 0 : 1;
    }
    for (const group of groups) {
      group.hidden = wanted.length > 0 && !group.querySelector("[data-item]:not([hidden])");
    }
    status.textContent = wanted.length ? `${shown} of ${items.length} shown` : "";
  };
  input.addEventListener("input", filter);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && input.value) {
      input.value = "";
      filter();
      event.preventDefault();
    }
  });
  box.hidden = false;
  filter();
}
