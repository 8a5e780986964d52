/** The page’s few pictures: strokes on a field of 16 by 16. A word always stands beside them. */
export const shapes = {
  check: 'M8 1.75a6.25 6.25 0 1 1 0 12.5 6.25 6.25 0 0 1 0-12.5M5.3 8.2l1.9 1.9 3.6-3.9',
  refresh: 'M13.7 6.5A6 6 0 0 0 2.9 5M2.3 9.5A6 6 0 0 0 13.1 11M2.7 2v3.2h3.2M13.3 14v-3.2h-3.2',
  clock: 'M8 1.75a6.25 6.25 0 1 1 0 12.5 6.25 6.25 0 0 1 0-12.5M8 4.5V8l2.4 1.6',
  alert: 'M8 2.2 14.4 13.4H1.6zM8 6.4v3.2M8 11.6v.1',
  silent: 'M2 6.3a9 9 0 0 1 3.4-2.1M14 6.3A9 9 0 0 0 8.6 3.5M4.6 9a5 5 0 0 1 2-1.3M8 12.4v.1M2 2l12 12',
  undo: 'M2.5 6.2h7a3.9 3.9 0 0 1 0 7.8H5.2M5.6 3 2.4 6.2l3.2 3.2',
  stop: 'M5.4 1.8h5.2l3.6 3.6v5.2l-3.6 3.6H5.4l-3.6-3.6V5.4zM5.8 5.8l4.4 4.4M10.2 5.8l-4.4 4.4',
  plus: 'M8 1.75a6.25 6.25 0 1 1 0 12.5 6.25 6.25 0 0 1 0-12.5M8 5.2v5.6M5.2 8h5.6',
  search: 'M7 2.2a4.8 4.8 0 1 1 0 9.6 4.8 4.8 0 0 1 0-9.6M10.6 10.6 14 14',
  copy: 'M5.5 5.5h8v8h-8zM10.5 5.2V2.5h-8v8h2.7',
  tick: 'M3 8.6l3.2 3.2L13 4.6',
  cross: 'M3.8 3.8l8.4 8.4M12.2 3.8l-8.4 8.4',
  up: 'M4 9.8 8 5.8l4 4',
  down: 'M4 6.2l4 4 4-4',
  leave: 'M6.2 2.2H2.8v11.6h3.4M6.6 8h7M10.8 5.2 13.6 8l-2.8 2.8',
} as const

export type IconName = keyof typeof shapes
