"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const data = JSON.parse($("data").textContent);
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const size = data.size, ops = bytes(data.ops), edges = data.edges;
  const columns = data.columns.map((c) => ({...c, values: new Float32Array(bytes(c.data).buffer)}));
  const stage = $("stage"), points = $("points"), over = $("over"), tip = $("tip");
  const shown = new Uint8Array(size).fill(1), px = new Float32Array(size), py = new Float32Array(size);
  const allowed = edges.map(() => data.operations.map(() => true));
  const view = {x0: 0, x1: 1, y0: 0, y1: 1};
  const margin = {left: 58, right: 14, top: 12, bottom: 44};
  let selected = -1, hovered = -1, width = 0, height = 0, theme = {}, waiting = false, front = [];

  const element = (name, text) => {
    const made = document.createElement(name);
    if (text !== undefined) made.textContent = text;
    return made;
  };
  const number = (v) => Number.isFinite(v) ? (Math.abs(v) >= 1000 ? v.toFixed(0) : Math.abs(v) >= 10 ? v.toFixed(2) : v.toFixed(3)) : "–";
  const column = (select) => columns[Number($(select).value)];
  const logged = () => $("log").checked;
  const across = (v) => logged() ? Math.log10(v) : v;

  // ---- what is shown
  function filter() {
    let count = 0;
    const x = column("x").values, y = column("y").values;
    for (let i = 0; i < size; i++) {
      let on = Number.isFinite(x[i]) && Number.isFinite(y[i]) && (!logged() || x[i] > 0);
      for (let e = 0; on && e < 6; e++) on = allowed[e][ops[6 * i + e]];
      shown[i] = on ? 1 : 0;
      count += on;
    }
    $("count").textContent = `${count.toLocaleString("en")} of ${size.toLocaleString("en")} cells`;
    const order = [...Array(size).keys()].filter((i) => shown[i]).sort((a, b) => x[a] - x[b] || y[b] - y[a]);
    front = [];
    for (const i of order) if (!front.length || y[i] > y[front[front.length - 1]]) front.push(i);
  }
  function whole() {
    const x = column("x").values, y = column("y").values;
    let x0 = Infinity, x1 = -Infinity, y0 = Infinity, y1 = -Infinity;
    for (let i = 0; i < size; i++) if (shown[i]) {
      const a = across(x[i]);
      x0 = Math.min(x0, a); x1 = Math.max(x1, a); y0 = Math.min(y0, y[i]); y1 = Math.max(y1, y[i]);
    }
    if (x0 > x1) { x0 = y0 = 0; x1 = y1 = 1; }
    const dx = (x1 - x0 || 1) * 0.03, dy = (y1 - y0 || 1) * 0.04;
    Object.assign(view, {x0: x0 - dx, x1: x1 + dx, y0: y0 - dy, y1: y1 + dy});
  }
  function best() {
    whole();
    const y = column("y").values, kept = [];
    for (let i = 0; i < size; i++) if (shown[i]) kept.push(y[i]);
    if (!kept.length) return;
    kept.sort((a, b) => a - b);
    const low = kept[Math.floor(0.5 * kept.length)], high = kept[kept.length - 1];
    Object.assign(view, {y0: low, y1: high + 0.06 * (high - low || 1)});
  }

  // ---- drawing
  const toX = (v) => margin.left + (across(v) - view.x0) / (view.x1 - view.x0) * (width - margin.left - margin.right);
  const toY = (v) => height - margin.bottom - (v - view.y0) / (view.y1 - view.y0) * (height - margin.top - margin.bottom);
  function colours() {
    const style = getComputedStyle(document.documentElement);
    for (const name of ["paper", "ink", "soft", "line", "grid", "link"]) theme[name] = style.getPropertyValue(`--${name}`).trim();
  }
  function ticks(low, high, count) {
    const raw = (high - low) / count, power = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].find((k) => k * power >= raw) * power, found = [];
    for (let v = Math.ceil(low / step) * step; v <= high; v += step) found.push(Math.abs(v) < step / 1e6 ? 0 : v);
    return found;
  }
  const label = (v) => Math.abs(v) >= 1e5 ? v.toExponential(0) : String(Number(v.toPrecision(6)));
  function axes(g) {
    g.font = "12px system-ui, sans-serif";
    g.strokeStyle = theme.grid; g.fillStyle = theme.soft; g.lineWidth = 1;
    g.textAlign = "center"; g.textBaseline = "top";
    for (const v of ticks(view.x0, view.x1, Math.max(3, width / 110))) {
      const at = toX(logged() ? 10 ** v : v);
      g.beginPath(); g.moveTo(at, margin.top); g.lineTo(at, height - margin.bottom); g.stroke();
      g.fillText(label(logged() ? Number((10 ** v).toPrecision(2)) : v), at, height - margin.bottom + 5);
    }
    g.textAlign = "right"; g.textBaseline = "middle";
    for (const v of ticks(view.y0, view.y1, Math.max(3, height / 70))) {
      const at = toY(v);
      g.beginPath(); g.moveTo(margin.left, at); g.lineTo(width - margin.right, at); g.stroke();
      g.fillText(label(v), margin.left - 6, at);
    }
    g.fillStyle = theme.ink; g.textAlign = "center"; g.textBaseline = "bottom";
    g.fillText(column("x").label, (margin.left + width - margin.right) / 2, height - 6);
    g.save(); g.translate(13, (margin.top + height - margin.bottom) / 2); g.rotate(-Math.PI / 2);
    g.textBaseline = "middle"; g.fillText(column("y").label, 0, 0); g.restore();
  }
  function inside(g) {
    g.save(); g.beginPath();
    g.rect(margin.left, margin.top, width - margin.left - margin.right, height - margin.top - margin.bottom);
    g.clip();
  }
  function draw() {
    waiting = false;
    const g = points.getContext("2d"), x = column("x").values, y = column("y").values;
    g.clearRect(0, 0, width, height);
    axes(g);
    inside(g);
    const edge = Number($("colour").value), side = width < 600 ? 2.4 : 3;
    g.globalAlpha = 0.55;
    g.fillStyle = theme.link;
    // In the order of the index, which is a shuffled one: no operation lies over the others.
    for (let i = 0, before = -1; i < size; i++) {
      if (!shown[i]) continue;
      px[i] = toX(x[i]); py[i] = toY(y[i]);
      const op = edge < 0 ? before : ops[6 * i + edge];
      if (op !== before) { g.fillStyle = data.colours[op]; before = op; }
      g.fillRect(px[i] - side / 2, py[i] - side / 2, side, side);
    }
    g.globalAlpha = 1;
    if ($("front").checked && front.length) {
      g.strokeStyle = theme.ink; g.lineWidth = 1.2; g.beginPath();
      front.forEach((i, place) => {
        if (place) g.lineTo(px[i], py[front[place - 1]]);
        g[place ? "lineTo" : "moveTo"](px[i], py[i]);
      });
      g.stroke();
    }
    g.restore();
    lay();
  }
  function lay() {
    const g = over.getContext("2d"), x = column("x").values, y = column("y").values;
    g.clearRect(0, 0, width, height);
    inside(g);
    for (const path of data.paths) {
      if (!path.box || !path.box.checked) continue;
      const known = path.cells.filter((i) => Number.isFinite(x[i]) && Number.isFinite(y[i]));
      if (!known.length) continue;
      g.strokeStyle = g.fillStyle = path.colour; g.lineWidth = 1.8; g.globalAlpha = 0.85;
      g.beginPath();
      known.forEach((i, place) => g[place ? "lineTo" : "moveTo"](toX(x[i]), toY(y[i])));
      g.stroke(); g.globalAlpha = 1;
      known.forEach((i, place) => {
        const last = place === known.length - 1;
        g.beginPath(); g.arc(toX(x[i]), toY(y[i]), last ? 6 : 2.2, 0, 7); g.fill();
        if (last) { g.strokeStyle = theme.paper; g.lineWidth = 1.5; g.stroke(); }
      });
    }
    for (const [i, ring] of [[hovered, 5], [selected, 8]]) {
      if (i < 0 || !Number.isFinite(x[i]) || !Number.isFinite(y[i])) continue;
      g.strokeStyle = theme.ink; g.lineWidth = 2;
      g.beginPath(); g.arc(toX(x[i]), toY(y[i]), ring, 0, 7); g.stroke();
    }
    g.restore();
  }
  const redraw = () => { if (!waiting) { waiting = true; requestAnimationFrame(draw); } };
  function fit() {
    const box = stage.getBoundingClientRect(), scale = window.devicePixelRatio || 1;
    width = box.width; height = box.height;
    for (const canvas of [points, over]) {
      canvas.width = Math.round(width * scale); canvas.height = Math.round(height * scale);
      canvas.getContext("2d").setTransform(scale, 0, 0, scale, 0, 0);
    }
    redraw();
  }

  // ---- one cell
  function text(i) {
    let told = "";
    edges.forEach(([source, target], e) => {
      if (!source) told += e ? "+|" : "|";
      told += `${data.names[ops[6 * i + e]]}~${source}|`;
    });
    return told;
  }
  function picture(i) {
    const ns = "http://www.w3.org/2000/svg", svg = document.createElementNS(ns, "svg");
    const add = (name, attributes, words) => {
      const made = document.createElementNS(ns, name);
      for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
      if (words !== undefined) made.textContent = words;
      svg.append(made);
    };
    svg.setAttribute("viewBox", "0 0 320 176"); svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", text(i));
    const high = {"0,2": -44, "0,3": -88, "1,3": 44};
    edges.forEach(([source, target], e) => {
      const op = ops[6 * i + e], a = 22 + 92 * source, b = 22 + 92 * target, h = high[[source, target]] || 0;
      add("path", {d: `M${a} 112Q${(a + b) / 2} ${112 + 2 * h} ${b} 112`, fill: "none", stroke: data.colours[op],
        "stroke-width": op ? 3.5 : 1.5, "stroke-dasharray": op ? "none" : "5 4"});
      add("text", {x: (a + b) / 2, y: 112 + h - 5 + (h > 0 ? 19 : 0), "text-anchor": "middle", "font-size": 12, fill: "currentColor"}, data.operations[op]);
    });
    for (let node = 0; node < 4; node++) {
      add("circle", {cx: 22 + 92 * node, cy: 112, r: 11, fill: "var(--paper)", stroke: "currentColor", "stroke-width": 1.5});
      add("text", {x: 22 + 92 * node, y: 116, "text-anchor": "middle", "font-size": 11, fill: "currentColor"}, ["in", "1", "2", "out"][node]);
    }
    return svg;
  }
  function rank(c, i) {
    if (!c.ranked || !Number.isFinite(c.values[i])) return "";
    let better = 0;
    for (let k = 0; k < size; k++) better += c.values[k] > c.values[i];
    return ` · rank ${(better + 1).toLocaleString("en")}`;
  }
  function choose(i) {
    selected = i;
    const box = $("cell");
    box.replaceChildren();
    if (i < 0) { lay(); return; }
    const table = element("table");
    for (const c of columns) {
      const row = table.insertRow();
      row.insertCell().textContent = c.label;
      row.insertCell().textContent = number(c.values[i]) + rank(c, i);
    }
    const heading = element("p"); heading.append(element("b", `index ${i}`), element("br"), element("code", text(i)));
    box.append(picture(i), heading, table);
    lay();
  }
  function nearest(x, y, reach) {
    let found = -1, least = reach * reach;
    for (let i = 0; i < size; i++) {
      if (!shown[i]) continue;
      const d = (px[i] - x) ** 2 + (py[i] - y) ** 2;
      if (d < least) { least = d; found = i; }
    }
    return found;
  }
  function step(dx, dy) {
    if (selected < 0 || !shown[selected]) { highest(); return; }
    let found = -1, least = Infinity;
    for (let i = 0; i < size; i++) {
      if (!shown[i] || i === selected) continue;
      const a = px[i] - px[selected], b = py[i] - py[selected];
      const ahead = a * dx + b * dy, aside = Math.abs(a * dy) + Math.abs(b * dx);
      if (ahead <= 0.01) continue;
      if (ahead + 3 * aside < least) { least = ahead + 3 * aside; found = i; }
    }
    if (found >= 0) { choose(found); reveal(found); }
  }
  function highest() {
    const y = column("y").values;
    let found = -1;
    for (let i = 0; i < size; i++) if (shown[i] && (found < 0 || y[i] > y[found])) found = i;
    if (found >= 0) { choose(found); reveal(found); }
  }
  function reveal(i) {
    const x = across(column("x").values[i]), y = column("y").values[i];
    const w = view.x1 - view.x0, h = view.y1 - view.y0;
    if (x < view.x0 || x > view.x1) { view.x0 = x - w / 2; view.x1 = x + w / 2; redraw(); }
    if (y < view.y0 || y > view.y1) { view.y0 = y - h / 2; view.y1 = y + h / 2; redraw(); }
  }
  function zoom(factor, x, y) {
    const fx = (x - margin.left) / (width - margin.left - margin.right);
    const fy = (height - margin.bottom - y) / (height - margin.top - margin.bottom);
    const w = view.x1 - view.x0, h = view.y1 - view.y0, ax = view.x0 + fx * w, ay = view.y0 + fy * h;
    Object.assign(view, {x0: ax - fx * w * factor, x1: ax + (1 - fx) * w * factor, y0: ay - fy * h * factor, y1: ay + (1 - fy) * h * factor});
    redraw();
  }

  // ---- hands
  const at = (event) => { const box = over.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
  const held = new Map();
  let moved = 0;
  over.addEventListener("pointerdown", (event) => { held.set(event.pointerId, at(event)); moved = 0; over.setPointerCapture(event.pointerId); });
  over.addEventListener("pointermove", (event) => {
    const [x, y] = at(event), before = held.get(event.pointerId);
    if (!before) {
      hovered = nearest(x, y, 14);
      tip.hidden = hovered < 0;
      if (hovered >= 0) {
        tip.textContent = `${hovered}: ${number(column("y").values[hovered])} · ${number(column("x").values[hovered])}`;
        tip.style.left = `${Math.min(x + 12, width - tip.offsetWidth - 4)}px`; tip.style.top = `${Math.max(y - 30, 2)}px`;
      }
      lay();
      return;
    }
    const others = [...held].filter(([id]) => id !== event.pointerId);
    if (others.length) {
      const [ox, oy] = others[0][1], far = Math.hypot(before[0] - ox, before[1] - oy), now = Math.hypot(x - ox, y - oy);
      if (now > 5) zoom(far / now, (x + ox) / 2, (y + oy) / 2);
      moved = 99;
    } else {
      moved += Math.hypot(x - before[0], y - before[1]);
      if (moved > 4) {
        const w = (view.x1 - view.x0) / (width - margin.left - margin.right), h = (view.y1 - view.y0) / (height - margin.top - margin.bottom);
        view.x0 -= (x - before[0]) * w; view.x1 -= (x - before[0]) * w; view.y0 += (y - before[1]) * h; view.y1 += (y - before[1]) * h;
        redraw();
      }
    }
    held.set(event.pointerId, [x, y]);
  });
  const release = (event) => {
    if (held.delete(event.pointerId) && moved <= 4 && event.type === "pointerup") {
      const [x, y] = at(event), found = nearest(x, y, event.pointerType === "mouse" ? 14 : 26);
      if (found >= 0) choose(found);
    }
  };
  over.addEventListener("pointerup", release);
  over.addEventListener("pointercancel", release);
  over.addEventListener("pointerleave", () => { hovered = -1; tip.hidden = true; lay(); });
  over.addEventListener("wheel", (event) => { event.preventDefault(); zoom(Math.exp(event.deltaY * 0.0015), ...at(event)); }, {passive: false});
  over.addEventListener("keydown", (event) => {
    const keys = {ArrowLeft: () => step(-1, 0), ArrowRight: () => step(1, 0), ArrowUp: () => step(0, -1), ArrowDown: () => step(0, 1),
      "+": () => zoom(0.8, width / 2, height / 2), "=": () => zoom(0.8, width / 2, height / 2), "-": () => zoom(1.25, width / 2, height / 2),
      "0": () => { whole(); redraw(); }, Home: highest, Escape: () => choose(-1)};
    if (event.ctrlKey || event.metaKey || !keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  });

  // ---- choices
  columns.forEach((c, place) => { for (const id of ["x", "y"]) { const o = element("option", c.label); o.value = place; $(id).append(o); } });
  $("x").value = data.x; $("y").value = data.y;
  for (const [value, words] of [[-1, "one"], ...edges.map(([s, t], e) => [e, `operation on ${t}←${s}`])]) {
    const o = element("option", words); o.value = value; $("colour").append(o);
  }
  $("colour").value = 3;
  const again = () => { filter(); best(); redraw(); };
  for (const id of ["x", "y", "log"]) $(id).addEventListener("change", again);
  for (const id of ["colour", "front"]) $(id).addEventListener("change", redraw);
  $("top").addEventListener("click", () => { best(); redraw(); });
  $("reset").addEventListener("click", () => { whole(); redraw(); });
  const buttons = [];
  edges.forEach(([source, target], e) => {
    $("filters").append(element("span", `${target}←${source}`));
    data.operations.forEach((name, op) => {
      const button = element("button", data.short[op]);
      button.type = "button"; button.title = `${name} on edge ${target}←${source}`;
      button.setAttribute("aria-label", button.title); button.setAttribute("aria-pressed", "true");
      button.style.setProperty("--op", data.colours[op]);
      button.addEventListener("click", () => {
        allowed[e][op] = !allowed[e][op];
        button.setAttribute("aria-pressed", String(allowed[e][op]));
        filter(); redraw();
      });
      buttons.push(button); $("filters").append(button);
    });
  });
  $("every").addEventListener("click", () => {
    for (const row of allowed) row.fill(true);
    for (const button of buttons) button.setAttribute("aria-pressed", "true");
    filter(); redraw();
  });
  $("find").addEventListener("change", () => {
    const given = $("find").value.trim(), ids = given.match(/[0-4]/g) || [];
    let found = -1;
    if (/^\d+$/.test(given) && Number(given) < size) found = Number(given);
    else if (/^[0-4](\s*,\s*[0-4]){5}$/.test(given)) for (let i = 0; i < size && found < 0; i++) { if (ids.every((op, e) => ops[6 * i + e] === Number(op))) found = i; }
    else for (let i = 0; i < size && found < 0; i++) if (text(i) === given) found = i;
    if (found >= 0) { choose(found); reveal(found); }
    else { choose(-1); $("cell").append(element("p", "No such cell.")); }
  });
  data.paths.forEach((path, place) => {
    const row = element("label"), box = element("input"), line = element("i");
    box.type = "checkbox"; box.checked = place < 6; path.box = box;
    path.colour = data.palette[place % data.palette.length]; line.style.background = path.colour;
    row.append(box, line, document.createTextNode(path.label));
    box.addEventListener("change", lay);
    $("paths").append(row);
  });
  $("searches").hidden = !data.paths.length;
  $("none").addEventListener("click", () => { for (const path of data.paths) path.box.checked = false; lay(); });
  $("theme").addEventListener("click", () => {
    const root = document.documentElement, dark = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    root.dataset.theme = (root.dataset.theme || dark) === "dark" ? "light" : "dark";
    colours(); redraw();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { colours(); redraw(); });
  new ResizeObserver(fit).observe(stage);
  colours(); filter(); best(); fit();
})();
