// What every component needs: templates, and the hooks of Preact.
import {h} from 'preact';
import htm from 'htm';

export {render, Fragment} from 'preact';
export {useState, useEffect, useRef, useMemo, useCallback, useId} from 'preact/hooks';

export const html = htm.bind(h);
