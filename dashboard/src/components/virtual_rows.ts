import { elementScroll, observeElementOffset, observeElementRect, Virtualizer, type VirtualItem } from "@tanstack/virtual-core";
import { useEffect, useRef, useState } from "preact/hooks";

/** The rows of a long list that are on the screen, and how high the whole list is. */
export interface VirtualRows {
  items: VirtualItem[];
  height: number;
}

/** Follows the scrolling of `element`; only the rows in sight, and a few around them, are ever drawn. */
export function useVirtualRows(element: () => HTMLElement | null, count: number, rowHeight: number): VirtualRows {
  const [, draw] = useState(0);
  const kept = useRef<Virtualizer<HTMLElement, HTMLElement> | null>(null);
  kept.current ??= new Virtualizer<HTMLElement, HTMLElement>(options(element, count, rowHeight, () => draw((n) => n + 1)));
  const virtualizer = kept.current;
  virtualizer.setOptions(options(element, count, rowHeight, () => draw((n) => n + 1)));
  useEffect(() => virtualizer._didMount(), [virtualizer]);
  useEffect(() => {
    virtualizer._willUpdate();
    draw((n) => n + 1);
  }, [virtualizer, count]);
  return { items: virtualizer.getVirtualItems(), height: virtualizer.getTotalSize() };
}

function options(element: () => HTMLElement | null, count: number, rowHeight: number, onChange: () => void) {
  return {
    count,
    getScrollElement: element,
    estimateSize: () => rowHeight,
    overscan: 4,
    observeElementRect,
    observeElementOffset,
    scrollToFn: elementScroll,
    onChange,
  };
}
