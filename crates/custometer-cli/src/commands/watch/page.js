"use strict";
const frame = document.getElementById("report");
const state = document.getElementById("state");
let shown = "0";
async function look() {
  try {
    const answer = await fetch("/state");
    const [version, isComputing] = (await answer.text()).split(" ");
    state.textContent = "computing…";
    state.hidden = isComputing !== "true";
    if (version !== shown && version !== "0") {
      shown = version;
      const at = frame.contentWindow ? frame.contentWindow.scrollY : 0;
      frame.onload = () => {
        frame.contentWindow.scrollTo(0, at);
        document.title = frame.contentDocument.title || "custometer";
      };
      frame.src = "/report";
    }
  } catch {
    state.textContent = "custometer has ended";
    state.hidden = false;
  }
  setTimeout(look, 500);
}
look();
