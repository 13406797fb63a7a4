// What a screen reader is told without being asked: politely, and not again and again.

let region;

// announce says a text at the next pause of the reader.
export function announce(text) {
  if (!region) {
    region = document.createElement('div');
    region.setAttribute('aria-live', 'polite');
    region.className = 'visually-hidden';
    document.body.append(region);
  }
  if (region.textContent !== text) region.textContent = text;
}
