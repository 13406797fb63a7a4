// The theme that was chosen, before anything is painted: without a choice it is the system's.
// This file is no module, so that the browser runs it first.
let theme;
try {
  theme = localStorage.getItem('drover-theme');
} catch {
  // The browser lets no page store anything.
}
document.documentElement.dataset.theme = theme ?? 'system';
