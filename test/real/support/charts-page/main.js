// Draws the data of a dashboard's panels, which panels.json holds, with the charts of the web UI: plain JavaScript, as tests are checked without JSX.
import '@mantine/core/styles.css'
import '../../../../web/shared/base.css'
import { MantineProvider } from '@mantine/core'
import { createElement } from 'react'
import { createRoot } from 'react-dom/client'
import { theme } from '../../../../web/shared/theme.ts'
import { TimeChart } from '../../../../web/shared/time-chart.tsx'

const { title, panels } = await (await fetch('panels.json')).json()
const columns = { display: 'grid', gridTemplateColumns: 'repeat(3, minmax(0, 1fr))', gap: 24, padding: 24 }
const charts = panels.map((panel, index) => createElement(TimeChart, { key: index, ...panel }))
createRoot(document.getElementById('root')).render(
  createElement(
    MantineProvider,
    { theme, defaultColorScheme: 'auto' },
    createElement('h1', { style: { padding: '24px 24px 0' } }, title),
    createElement('div', { style: columns }, charts),
  ),
)
