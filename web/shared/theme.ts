import { createTheme } from '@mantine/core'

/** Fonts of the reader's own system: nothing is fetched from elsewhere. */
export const theme = createTheme({
  primaryColor: 'indigo',
  primaryShade: { light: 7, dark: 5 },
  defaultRadius: 'sm',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace',
  cursorType: 'pointer',
  colors: {
    // The dark greys of base.css, so that inputs and buttons are of one kind with the panels.
    dark: [
      '#d5dae2',
      '#a0a9b7',
      '#838d9c',
      '#626c7a',
      '#3a424f',
      '#262c36',
      '#1a1f28',
      '#151920',
      '#0e1116',
      '#0a0c10',
    ],
  },
})
