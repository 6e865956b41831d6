"use strict";

// Copies the number as digits only. Where there is no clipboard (plain HTTP, or a frame that was not given
// clipboard-write) the number is selected, and the holder copies it.
document.getElementById("copy").addEventListener("click", async () => {
  const number = document.querySelector("#number dd");
  const said = document.getElementById("said");
  try {
    await navigator.clipboard.writeText(number.textContent.replaceAll(" ", ""));
    said.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(number);
    said.textContent = "Selected, ready to copy";
  }
});
