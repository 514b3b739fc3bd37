
"use strict";
(() => {
  // What the daemon sends is text, and goes in by textContent only: a model may
  // be called anything.

  const byId = (id) => document.getElementById(id);

  function element(name, attributes = {}, ...children) {
    const made = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    made.append(...children);
    return made;
  }

  function drawn(name, attributes) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    return made;
  }

  function write(target, text) {
    if (target.textContent !== text) target.textContent = text;
  }

  // Numbers and times in words.

  const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
  const compact = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
  const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hourCycle: "h23" });

  const count = (n) => (n < 100000 ? whole.format(n) : compact.format(n));

  function rate(n) {
    if (n === 0) return "0";
    if (n < 10) return n.toFixed(1);
    return count(n);
  }

  function seconds(s) {
    if (s === null) return "";
    if (s < 0.0995) return `${Math.max(1, Math.round(s * 1000))} ms`;
    if (s < 9.95) return `${s.toFixed(1)} s`;
    if (s < 59.5) return `${Math.round(s)} s`;
    const minutes = Math.floor(Math.round(s) / 60);
    if (minutes < 60) return `${minutes} min ${String(Math.round(s) % 60).padStart(2, "0")} s`;
    if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
    return `${Math.floor(minutes / 1440)} days`;
  }

  const REASONS = {
    upstream_error: "gateway failed",
    upstream_unreachable: "gateway not reachable",
    upstream_timeout: "gateway kept silent",
    upstream_refused: "gateway answered with an error",
    gateway_key_refused: "gateway refused the daemon's key",
    caller_key_refused: "gateway refused the caller's key",
    gateway_forbids: "gateway forbids it to this key",
    upstream_garbled: "gateway's answer not understood",
    tool_call_garbled: "model's tool call not whole",
    upstream_truncated: "gateway's answer broke off",
    bad_request: "request not understood",
    model_not_found: "no such model",
    unauthorized: "not signed in",
    caller_refused: "no key, or a wrong one",
    forbidden: "not allowed",
    not_supported: "not possible through a proxy",
    overloaded: "too much to do",
    cut: "cut off: the daemon stopped",
    bug: "internal error, see the log",
    foreign_page: "page of another site",
    not_found: "no such path",
    method_not_allowed: "method not allowed",
    malformed_request: "malformed HTTP",
    too_slow: "client too slow",
    body_too_long: "body too long",
    header_too_long: "header too long",
    too_busy: "too many connections, or stopping",
    before_reply: "before its reply",
    during_reply: "during its reply",
  };
  const FAMILIES = {
    upstream_errors: "gateway",
    rejected: "this daemon",
    client_disconnects: "client left",
  };
  const inWords = (reason) => REASONS[reason] || reason;

  // Tables.  Rows and cells are reused, so that a selection or a place in the
  // table is not lost with every second.

  function tableIn(place, caption, columns, empty) {
    const body = element("tbody", { role: "rowgroup" });
    const head = element("tr", { role: "row" });
    for (const column of columns) {
      head.append(element("th", { role: "columnheader", scope: "col", class: column.kind || "" }, column.title));
    }
    const table = element("table", { role: "table", "aria-label": caption },
      element("thead", { role: "rowgroup" }, head), body);
    const nothing = element("p", { class: "empty" }, empty);
    place.append(table, nothing);

    return (items) => {
      table.hidden = items.length === 0;
      nothing.hidden = items.length > 0;
      while (body.rows.length > items.length) body.lastChild.remove();
      while (body.rows.length < items.length) {
        const row = element("tr", { role: "row" });
        for (const column of columns) {
          row.append(element("td", { role: "cell", class: column.kind || "", "data-label": column.title }));
        }
        body.append(row);
      }
      items.forEach((item, i) => {
        columns.forEach((column, j) => fill(body.rows[i].cells[j], column.of(item)));
      });
    };
  }

  // A cell's content is a text, or a word with a colour.
  function fill(cell, content) {
    if (typeof content === "string") {
      if (cell.firstElementChild) cell.textContent = "";
      write(cell, content);
      return;
    }
    let word = cell.firstElementChild;
    if (!word) {
      word = element("span");
      cell.replaceChildren(word);
    }
    word.className = `word ${content.kind}`;
    write(word, content.text);
  }

  const fillRunning = tableIn(byId("running"), "Running requests", [
    { title: "Age", kind: "time", of: (it) => seconds(it.age_s) },
    { title: "Request", kind: "code", of: (it) => `${it.method} ${it.route}` },
    { title: "Model", of: (it) => it.model },
    { title: "Caller", of: (it) => it.caller },
    { title: "Client", kind: "code", of: (it) => it.client },
    { title: "State", of: (it) => (it.has_begun ? "answers" : "waits for the first byte") },
  ], "Nothing is running right now.");

  const fillGateways = tableIn(byId("gateways"), "Gateways", [
    { title: "Address", kind: "code", of: (it) => it.base_url },
    { title: "State", of: (it) => (it.is_up ? { text: "up", kind: "good" } : { text: "down", kind: "bad" }) },
    { title: "Since", of: (it) => (it.for_s === null ? "the start" : `${seconds(it.for_s)} ago`) },
    { title: "Faults", kind: "number", of: (it) => count(it.faults) },
  ], "No gateways.");

  const fillErrors = tableIn(byId("errors"), "Errors since the start", [
    { title: "Where", of: (it) => FAMILIES[it.family] || it.family },
    { title: "What", of: (it) => inWords(it.reason) },
    { title: "Count", kind: "number", of: (it) => count(it.count) },
  ], "None.");

  function fate(it) {
    switch (it.fate) {
      case "answered": return { text: "answered", kind: "good" };
      case "client_left": return { text: `client left ${inWords(it.reason)}`, kind: "mind" };
      default: return { text: inWords(it.reason), kind: "bad" };
    }
  }

  const fillRecent = tableIn(byId("recent"), "Last requests", [
    { title: "Time", kind: "time", of: (it) => clock.format(it.ended_ms) },
    { title: "Request", kind: "code", of: (it) => `${it.method} ${it.path || "?"}` },
    { title: "Model", of: (it) => it.model },
    { title: "Status", kind: "number", of: (it) => String(it.status) },
    { title: "Outcome", of: fate },
    { title: "First byte", kind: "number", of: (it) => seconds(it.first_byte_s) },
    { title: "Duration", kind: "number", of: (it) => seconds(it.duration_s) },
    { title: "Tokens in", kind: "number", of: (it) => (it.prompt_tokens ? count(it.prompt_tokens) : "") },
    { title: "Tokens out", kind: "number", of: (it) => (it.completion_tokens ? count(it.completion_tokens) : "") },
    { title: "Caller", of: (it) => it.caller },
    { title: "Client", kind: "code", of: (it) => it.client },
  ], "No request has come yet. They appear here as they end.");

  const fillModels = tableIn(byId("models"), "Models", [
    { title: "Name", of: (it) => it.name },
    { title: "At the gateway", of: (it) => (it.target === it.name ? "" : it.target) },
    { title: "Can do", of: (it) => it.capabilities.join(", ") },
    { title: "Context", kind: "number", of: (it) => whole.format(it.context_length) },
  ], "The gateway has not told its models yet.");

  // Figures of now.

  function tile(title) {
    const figure = element("dd");
    const note = element("dd", { class: "note" });
    byId("tiles").append(element("div", {}, element("dt", {}, title), figure, note));
    return (text, remark = "") => {
      write(figure, text);
      write(note, remark);
    };
  }

  const tiles = {
    running: tile("Running"),
    requests: tile("Requests / s"),
    tokens: tile("Tokens / s"),
    first: tile("First token, median"),
    total: tile("Requests in all"),
    connections: tile("Connections"),
  };

  // Plots.

  const WIDTH = 600;
  const HEIGHT = 150;

  // The next larger of 1, 2, 3, 4, 6, 8, 10, 20 …: what a scale can end with, and has a half.
  function niceEnd(highest, least) {
    const wanted = Math.max(highest, least);
    const power = 10 ** Math.floor(Math.log10(wanted));
    return [1, 2, 3, 4, 6, 8, 10].map((n) => n * power).find((n) => n >= wanted * 0.999);
  }

  const points = (values, end) => values.map((value, i) => (value === null ? null
    : [(i / (values.length - 1)) * WIDTH, HEIGHT - (value / end) * HEIGHT]));

  // A line that breaks where there is nothing; a point alone is a dot.
  function path(values, end) {
    let pen = false;
    return points(values, end).map((point) => {
      if (!point) {
        pen = false;
        return "";
      }
      const [x, y] = point.map((n) => n.toFixed(1));
      const step = pen ? `L${x} ${y}` : `M${x} ${y}h.1`;
      pen = true;
      return step;
    }).join("");
  }

  function plot(title, least, unit, series) {
    const id = `plot-${byId("plots").childElementCount}`;
    const svg = drawn("svg", { class: "plot", viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" });
    for (const y of [0, HEIGHT / 2, HEIGHT]) svg.append(drawn("path", { class: "grid", d: `M0 ${y}H${WIDTH}` }));
    const area = drawn("path", { class: "area" });
    const lines = series.map((_it, i) => drawn("path", { class: `curve ${i ? "two" : "one"}` }));
    // The first series is drawn last, above the others.
    svg.append(area, ...[...lines].reverse());

    const scale = [element("span"), element("span"), element("span")];
    const legend = element("ul", { class: "legend" });
    const latest = series.map((it, i) => {
      const key = drawn("svg", { viewBox: "0 0 26 10", "aria-hidden": "true" });
      key.append(drawn("path", { class: `curve ${i ? "two" : "one"}`, d: "M1 5H25" }));
      const value = element("b");
      legend.append(element("li", {}, key, `${it.title} `, value));
      return value;
    });
    byId("plots").append(element("figure", { "aria-labelledby": id },
      element("figcaption", { id }, title), legend,
      element("div", { class: "frame" },
        element("div", { class: "scale", "aria-hidden": "true" }, ...scale), svg,
        element("div", { class: "times", "aria-hidden": "true" },
          element("span", {}, "10 min ago"), element("span", {}, "5 min"), element("span", {}, "now")))));

    return (curves) => {
      const all = series.map((it) => curves[it.key]);
      const highest = Math.max(0, ...all.flat().filter((value) => value !== null));
      const end = niceEnd(highest, least);
      [end, end / 2, 0].forEach((value, i) => write(scale[i], value ? unit(value) : "0"));
      all.forEach((values, i) => {
        lines[i].setAttribute("d", path(values, end));
        const value = recentOf(values);
        write(latest[i], value === null ? "–" : unit(value));
      });
      const filled = series[0].filled ? points(all[0], end) : [];
      area.setAttribute("d", filled.length ? `M0 ${HEIGHT}${filled.map(([x, y]) => `L${x.toFixed(1)} ${y.toFixed(1)}`).join("")}L${WIDTH} ${HEIGHT}Z` : "");
      svg.setAttribute("aria-label", series.map((it, i) => `${it.title}: ${latest[i].textContent}`).join(", ")
        + `; highest in ten minutes ${highest ? unit(highest) : "0"}`);
    };
  }

  // The last whole point: that of now is of a moment only.  A curve with gaps
  // keeps its last value for a minute.
  function recentOf(values) {
    const last = values.length - 2;
    for (let i = values.length - 1; i > last - 12; i -= 1) {
      if (values[i] !== null && (i <= last || values[last] === null)) return values[i];
    }
    return null;
  }

  const plots = [
    plot("Requests per second", 1, rate, [
      { title: "all", key: "requests_per_s", filled: true },
      { title: "failed", key: "failures_per_s" },
    ]),
    plot("Tokens per second", 10, rate, [
      { title: "from models", key: "completion_tokens_per_s", filled: true },
      { title: "to models", key: "prompt_tokens_per_s" },
    ]),
    plot("Time to first token", 0.1, seconds, [
      { title: "median", key: "first_byte_p50_s" },
      { title: "95th percentile", key: "first_byte_p95_s" },
    ]),
  ];

  // All of it.

  // Ready is what load balancers are told, for whom a gateway that is down need be no obstacle.
  function inShort({ obstacle, gateways }) {
    if (obstacle) return { text: `not ready: ${obstacle}`, kind: "bad" };
    const isUp = gateways.length === 0 || gateways.some((it) => it.is_up);
    return isUp ? { text: "ready", kind: "good" } : { text: "ready, but no gateway is up", kind: "mind" };
  }

  function show(status) {
    const { levels, totals, curves } = status;
    write(byId("version"), status.version);
    write(byId("uptime"), `runs for ${seconds(status.uptime_s)}`);
    const state = inShort(status);
    byId("state").className = `badge ${state.kind}`;
    write(byId("state"), state.text);

    const waiting = levels.requests_waiting;
    tiles.running(count(levels.requests_in_flight), waiting ? `${count(waiting)} wait for their turn` : "none waits");
    tiles.requests(rate(recentOf(curves.requests_per_s)), `${rate(recentOf(curves.failures_per_s))} failed`);
    tiles.tokens(rate(recentOf(curves.completion_tokens_per_s)), `${count(totals.completion_tokens)} in all`);
    const first = recentOf(curves.first_byte_p50_s);
    const slow = recentOf(curves.first_byte_p95_s);
    tiles.first(first === null ? "–" : seconds(first), slow === null ? "none in the last minute" : `95 % within ${seconds(slow)}`);
    tiles.total(count(totals.requests), `${count(totals.retries)} sent twice, ${count(totals.failovers)} failed over`);
    tiles.connections(count(levels.connections), "of clients");

    plots.forEach((draw) => draw(curves));
    write(byId("running-count"), levels.requests_in_flight > status.running.length
      ? `the oldest ${status.running.length} of ${count(levels.requests_in_flight)}` : "");
    fillRunning(status.running);
    fillGateways(status.gateways);
    fillErrors(status.errors);
    fillRecent(status.recent);
    if ("models" in status) {
      const models = status.models || [];
      write(byId("models-count"), models.length ? count(models.length) : "");
      fillModels(models);
    }
  }

  // The connection to the daemon.

  let source = null;
  let again = 0;
  let silence = 0;
  let paused = false;

  function tell(text, kind) {
    const link = byId("link");
    link.className = `link ${kind}`;
    document.body.classList.toggle("stale", kind === "lost");
    write(link, text);
  }

  function close() {
    clearTimeout(again);
    clearTimeout(silence);
    if (source) source.close();
    source = null;
  }

  function lost() {
    close();
    tell("Connection to the daemon lost, trying again …", "lost");
    again = setTimeout(open, 2000);
  }

  function open() {
    close();
    source = new EventSource("events");
    source.onmessage = (event) => {
      clearTimeout(silence);
      silence = setTimeout(lost, 10000);
      tell("Live", "live");
      show(JSON.parse(event.data));
    };
    source.onerror = lost;
  }

  // Nothing is asked for while nobody looks.
  function attend() {
    if (paused) {
      close();
      tell("Paused", "");
    } else if (document.hidden) {
      close();
    } else if (!source) {
      open();
    }
  }

  byId("pause").addEventListener("click", () => {
    paused = !paused;
    byId("pause").setAttribute("aria-pressed", String(paused));
    attend();
  });
  document.addEventListener("visibilitychange", attend);
  attend();
})();
