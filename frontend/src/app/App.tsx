// Which page is at which address.

import { BrowserRouter, Navigate, Route, Routes } from 'react-router';
import { roomRoute } from '../lib/paths';
import { LoginPage } from '../pages/LoginPage';
import { RoomPage } from '../pages/RoomPage';

export function App() {
  return (
    <BrowserRouter>
      <Routes>
        <Route path="/" element={<LoginPage />} />
        <Route path={roomRoute} element={<RoomPage />} />
        <Route path="*" element={<Navigate to="/" replace />} />
      </Routes>
    </BrowserRouter>
  );
}
