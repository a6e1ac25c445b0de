"use strict";
// Draws the picture again whenever the daemon says that it is no longer true. One request at a
// time; a change during it asks for one more.
let busy = false, again = false;
const live = document.getElementById("live");

async function draw() {
  if (busy) { again = true; return; }
  busy = true;
  try {
    const answer = await fetch(location.href, { cache: "no-store" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const now = page.getElementById("picture");
    if (answer.ok && now) document.getElementById("picture").replaceWith(now);
  } catch (e) { /* the stream below says that the daemon is away */ }
  busy = false;
  if (again) { again = false; draw(); }
}

const stream = new EventSource("/_drydock/changes" + location.search);
stream.onmessage = draw;
stream.onopen = () => { live.textContent = "● live"; live.className = ""; };
stream.onerror = () => { live.textContent = "○ the daemon does not answer"; live.className = "bad"; };
