"use strict";
fetch("api/objects").then((answer) => answer.json()).then((objects) => {
  for (const object of objects) {
    const line = document.createElement("li");
    line.textContent = `${object.path} ${object.type} ${object.state}`;
    document.getElementById("objects").append(line);
  }
});
