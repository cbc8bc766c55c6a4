// Elements from plain descriptions, brought into a page without replacing what stays: focus and what is being typed
// survive. `key` tells which element of a list is which.

const PROPERTIES = new Set(["value", "checked", "disabled", "open", "selected"]);

export function h(tag, attributes, ...children) {
  return { tag, attributes: attributes ?? {}, children: flat(children) };
}

function flat(children) {
  return children.flat(Infinity).filter((each) => each !== null && each !== undefined && each !== false && each !== "");
}

/** Make what is in `parent` equal to the descriptions. */
export function show(parent, ...described) {
  const children = flat(described);
  const keyed = new Map([...parent.childNodes].filter((node) => node.key !== undefined).map((node) => [node.key, node]));
  let place = parent.firstChild;
  for (const child of children) {
    const key = child.attributes?.key;
    let node = key === undefined ? place : keyed.get(key);
    if (!fits(node, child, key)) node = null;
    if (node && node !== place) parent.insertBefore(node, place);
    if (!node) {
      node = made(child);
      parent.insertBefore(node, place);
    }
    fill(node, child);
    place = node.nextSibling;
  }
  while (place) {
    const gone = place;
    place = place.nextSibling;
    gone.remove();
  }
}

function fits(node, child, key) {
  if (!node) return false;
  if (typeof child !== "object") return node.nodeType === Node.TEXT_NODE;
  return node.nodeType === Node.ELEMENT_NODE && node.localName === child.tag && node.key === key;
}

function made(child) {
  if (typeof child !== "object") return document.createTextNode("");
  const node = document.createElement(child.tag);
  node.key = child.attributes.key;
  return node;
}

function fill(node, child) {
  if (typeof child !== "object") {
    if (node.data !== String(child)) node.data = String(child);
    return;
  }
  const { attributes, children } = child;
  const before = node.given ?? {};
  for (const name of Object.keys({ ...before, ...attributes })) set(node, name, attributes[name], before[name]);
  node.given = attributes;
  if (attributes.key !== undefined) node.key = attributes.key;
  show(node, children);
  if ("value" in attributes && node.localName === "select") set(node, "value", attributes.value);
}

function set(node, name, value, before) {
  if (name === "key") return;
  if (name.startsWith("on")) {
    if (value === before) return;
    const type = name.slice(2);
    if (before) node.removeEventListener(type, before);
    if (value) node.addEventListener(type, value);
  } else if (PROPERTIES.has(name)) {
    const wanted = value ?? (name === "value" ? "" : false);
    if (node[name] !== wanted) node[name] = wanted;
  } else if (value === undefined || value === null || value === false) {
    node.removeAttribute(name);
  } else if (node.getAttribute(name) !== String(value === true ? "" : value)) {
    node.setAttribute(name, value === true ? "" : value);
  }
}
