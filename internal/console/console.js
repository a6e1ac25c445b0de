"use strict";
// Draws the picture again whenever the daemon says that it is no longer true, and the lines from
// listeners to target groups to tasks over it. One request at a time, and a breath between two; a
// change meanwhile asks for one more.
const breath = 150; // milliseconds
const live = document.getElementById("live");
const svg = "http://www.w3.org/2000/svg";
let busy = false, again = false;

async function draw() {
  if (busy) { again = true; return; }
  busy = true;
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = page.getElementById("picture");
    if (answer.ok && now) show(now);
  } catch (e) { /* the stream below says that the daemon is away */ }
  setTimeout(() => {
    busy = false;
    if (again) { again = false; draw(); }
  }, breath);
}

function show(now) {
  document.getElementById("picture").replaceWith(document.adoptNode(now));
  finish();
}

// finish does what the daemon cannot: times of this place, and lines.
function finish() {
  for (const t of document.querySelectorAll("time")) t.textContent = new Date(t.dateTime).toLocaleTimeString([], { hourCycle: "h23" });
  lines();
  watched.disconnect();
  watched.observe(document.getElementById("way"));
}

// lines joins every element with data-to to the elements whose data-id it names.
function lines() {
  const way = document.getElementById("way");
  way.querySelector("svg")?.remove();
  if (getComputedStyle(way).getPropertyValue("--lines").trim() !== "yes") return;
  const box = way.getBoundingClientRect(), drawing = document.createElementNS(svg, "svg");
  drawing.setAttribute("width", box.width);
  drawing.setAttribute("height", box.height);
  drawing.setAttribute("aria-hidden", "true");
  const at = new Map();
  for (const e of way.querySelectorAll("[data-id]")) at.set(e.dataset.id, e);
  for (const from of way.querySelectorAll("[data-to]")) {
    for (const id of from.dataset.to.split(" ")) {
      if (at.has(id)) drawing.append(line(box, from, at.get(id)));
    }
  }
  way.prepend(drawing);
}

// line is a curve from the right edge of one element to the left edge of another, near its top.
function line(box, from, to) {
  const a = from.getBoundingClientRect(), b = to.getBoundingClientRect();
  const x1 = a.right - box.left, y1 = a.top + a.height / 2 - box.top;
  const x2 = b.left - box.left, y2 = b.top + Math.min(b.height / 2, 40) - box.top;
  const bend = Math.max(20, (x2 - x1) / 2);
  const path = document.createElementNS(svg, "path");
  path.setAttribute("d", `M${x1},${y1} C${x1 + bend},${y1} ${x2 - bend},${y2} ${x2},${y2}`);
  path.setAttribute("class", from.className);
  return path;
}

const watched = new ResizeObserver(lines);
finish();

const stream = new EventSource("/_drydock/changes" + location.search);
stream.onmessage = draw;
stream.onopen = () => { live.textContent = "live"; live.className = "healthy"; };
stream.onerror = () => { live.textContent = "the daemon does not answer"; live.className = "unhealthy"; };
