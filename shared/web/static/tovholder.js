// The pages work without this. It starts the design system and moves focus to what the reader must see first.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  if (window.DKFDS) {
    window.DKFDS.init();
  }
  const first = document.querySelector("[data-focus]");
  if (first) {
    first.focus();
  }
  // A second press of the same button sends nothing; the server would answer it with the first one's answer anyway.
  for (const form of document.querySelectorAll("form[method=post]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) {
        event.preventDefault();
      }
      form.dataset.sent = "true";
    });
  }
  window.addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) {
      delete form.dataset.sent;
    }
  });
});
