// Lists fold away on small screens; what fits its box needs no box, so that a table's head sticks to the window.
"use strict";
(() => {
  for (const [selector, width] of [[".documents", "60rem"], [".contents", "80rem"]]) {
    const wide = matchMedia(`(min-width: ${width})`);
    const list = document.querySelector(selector);
    if (!list) continue;
    const fold = () => { list.open = wide.matches; };
    wide.addEventListener("change", fold);
    fold();
  }
  document.querySelector(".documents [aria-current]")?.scrollIntoView({ block: "nearest" });

  const fit = (box) => {
    const fits = box.scrollWidth <= box.clientWidth;
    box.classList.toggle("fits", fits);
    if (fits) box.removeAttribute("tabindex");
    else box.tabIndex = 0;
  };
  const sizes = new ResizeObserver((entries) => entries.forEach((entry) => fit(entry.target)));
  document.querySelectorAll(".scrolls").forEach((box) => sizes.observe(box));
})();
