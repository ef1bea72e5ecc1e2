// The pages work without this. It starts the design system and moves focus to what the reader must see first.
"use strict";

// What the server takes for blanks (Python's str.strip and str.split): around a text they are not counted, and in a field
// of one line those that follow each other are one.
const BLANKS = "[\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]+";
const BLANK = new RegExp(BLANKS, "g");
const AROUND = new RegExp(`^${BLANKS}|${BLANKS}$`, "g");
const QUIET_MS = 1000;

// As `services/enrollment/domain/form.py` counts: characters of the composed text, and lines of so many of them.
function characters(text) {
  return [...text.normalize("NFC")].length;
}

function lines(text, width) {
  return text ? text.split("\n").reduce((sum, line) => sum + Math.max(1, Math.ceil(characters(line) / width)), 0) : 0;
}

function left(most, used, one, many) {
  const rest = Math.abs(most - used);
  return `${rest} ${rest === 1 ? one : many} ${used > most ? "for meget" : "tilbage"}`;
}

function count(counter) {
  const field = document.getElementById(counter.dataset.counts);
  const [seen, heard] = counter.children;
  const { width, lines: mostLines, chars: mostChars } = counter.dataset;
  const oneLine = field.tagName === "INPUT";
  let quiet;
  const show = () => {
    const written = oneLine ? field.value.replace(BLANK, " ") : field.value.replace(/\r\n?/g, "\n");
    const text = written.replace(AROUND, "");
    const said = [];
    let over = false;
    if (mostLines) {
      const used = lines(text, Number(width));
      said.push(left(Number(mostLines), used, "linje", "linjer"));
      over = over || used > Number(mostLines);
    }
    if (mostChars) {
      const used = characters(text);
      said.push(left(Number(mostChars), used, "tegn", "tegn"));
      over = over || used > Number(mostChars);
    }
    seen.textContent = said.join(", ");
    counter.classList.toggle("for-meget", over);
    clearTimeout(quiet);
    quiet = setTimeout(() => {
      heard.textContent = seen.textContent;
    }, QUIET_MS);
  };
  field.addEventListener("input", show);
  counter.hidden = false;
  show();
}

// A part of a form that is asked for only when a field above it is answered so. What is not asked is not sent.
function dependOn(part) {
  const wanted = JSON.parse(part.dataset.whenIs);
  const form = part.closest("form");
  // A form that is only looked at is none: all of it stays to be seen.
  if (!form) {
    return;
  }
  const fields = () => [...form.elements].filter((one) => one.name === part.dataset.when);
  const show = () => {
    const given = fields().some((one) => !one.disabled && one.checked && wanted.includes(one.value));
    part.hidden = !given;
    for (const one of part.querySelectorAll("input, select, textarea")) {
      one.disabled = !given;
    }
  };
  // Bubbles up here after the field itself has changed, and from a part that was shown or hidden above.
  form.addEventListener("change", show);
  show();
}

// A part of a page that another service shows. When that is away, or says no, the place says so; its plain link is there
// still. Whoever is signed out is told so by the service itself.
const SIGNED_OUT = 401;

function sayAway(event) {
  const part = event.target.closest("[data-part]");
  const said = part && part.querySelector("[data-away]");
  const { ctx } = event.detail;
  const answer = ctx && ctx.response;
  if (said && (!answer || answer.status !== SIGNED_OUT)) {
    said.hidden = false;
  }
}

for (const failure of ["htmx:error", "htmx:response:error"]) {
  document.addEventListener(failure, sayAway);
}

// What is shown once can be copied by a button where the browser lets a page do so; it can be marked without one.
function copies(button) {
  const field = document.getElementById(button.dataset.copies);
  const said = button.parentElement.querySelector("[data-copied]");
  if (!navigator.clipboard) {
    return;
  }
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(field.value);
      said.hidden = false;
    } catch {
      field.select();
    }
  });
}

document.addEventListener("DOMContentLoaded", () => {
  if (window.DKFDS) {
    window.DKFDS.init();
  }
  const first = document.querySelector("[data-focus]");
  if (first) {
    first.focus();
  }
  for (const counter of document.querySelectorAll("[data-counts]")) {
    count(counter);
  }
  for (const button of document.querySelectorAll("[data-copies]")) {
    copies(button);
  }
  for (const part of document.querySelectorAll("[data-when]")) {
    dependOn(part);
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
