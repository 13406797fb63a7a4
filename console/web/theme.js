// The theme that was chosen, before anything is painted: without a choice it is the system's.
// This file is no module, so that the browser runs it first.
document.documentElement.dataset.theme = localStorage.getItem('drover-theme') ?? 'system';
