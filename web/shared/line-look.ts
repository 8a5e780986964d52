/** Colours are told apart by light and by dark, and the dashes are for those who tell no colours apart. */
const looks = ['0', '7 3', '2 3', '10 3 2 3', '5 2', '12 4', '2 2 6 2', '1 4'].map((dashes, place) => ({
  // In time-chart.module.css.
  color: `var(--line-${place})`,
  dashes,
}))

/** How the line at a place in a chart looks: there are eight looks, then the first again. */
export function lineLook(place: number): { color: string; dashes: string } {
  return looks[place % looks.length] ?? { color: 'currentColor', dashes: '0' }
}
