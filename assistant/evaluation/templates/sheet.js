"use strict";
const place = "underhood-grades-" + document.body.dataset.sheet;
const cell = (text) => '"' + String(text).replaceAll('"', '""') + '"';
const kept = (() => { try { return JSON.parse(localStorage.getItem(place)) || {}; } catch { return {}; } })();
const tell = () => { const n = Object.values(kept).filter((k) => k.grade).length; document.getElementById("done").textContent = n + " of " + document.querySelectorAll("article").length + " graded"; };
for (const article of document.querySelectorAll("article")) {
  const own = (kept[article.id] ??= { grade: "", remark: "" });
  for (const radio of article.querySelectorAll("input[type=radio]")) radio.checked = radio.value === own.grade;
  article.querySelector("input[type=text]").value = own.remark;
  article.addEventListener("input", ({ target }) => {
    own[target.type === "radio" ? "grade" : "remark"] = target.value;
    try { localStorage.setItem(place, JSON.stringify(kept)); } catch { /* a page opened from a file may not keep anything */ }
    tell();
  });
}
document.getElementById("save").addEventListener("click", () => {
  const name = document.getElementById("name").value.trim().replace(/[^\p{L}\p{N}_-]+/gu, "-") || "grades";
  const lines = [...document.querySelectorAll("article")].map((a) => [a.id, kept[a.id].grade, cell(kept[a.id].remark)].join(","));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob(["key,grade,remark\r\n" + lines.join("\r\n") + "\r\n"], { type: "text/csv" }));
  link.download = name + ".csv";
  link.click();
});
tell();
