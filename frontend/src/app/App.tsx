// The routes of the page.

import { BrowserRouter, Route, Routes } from 'react-router';
import { Notices } from '../components/ui/Notices';
import { basePath } from '../lib/basePath';
import { roomRoute } from '../lib/paths';
import { LoginPage } from '../pages/LoginPage';
import { NotFoundPage } from '../pages/NotFoundPage';
import { RoomPage } from '../pages/RoomPage';
import { ErrorBoundary } from './ErrorBoundary';

export function App() {
  return (
    <ErrorBoundary>
      <BrowserRouter basename={basePath()}>
        <Routes>
          <Route path="/" element={<LoginPage />} />
          <Route path={roomRoute} element={<RoomPage />} />
          <Route path="*" element={<NotFoundPage />} />
        </Routes>
      </BrowserRouter>
      <Notices />
    </ErrorBoundary>
  );
}
