import '@mantine/core/styles.css'
import './shared/base.css'
import { MantineProvider } from '@mantine/core'
import { StrictMode } from 'react'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { resume } from './shared/session.ts'
import { theme } from './shared/theme.ts'

// A link with a token may also be opened in a tab that shows this page already.
addEventListener('hashchange', () => void resume())
void resume()

const root = document.getElementById('root')
if (!root) throw new Error('index.html has no element #root')
createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} defaultColorScheme="auto">
      <App />
    </MantineProvider>
  </StrictMode>,
)
