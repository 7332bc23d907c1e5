-- Seats::expire: releases the seats whose lease has ended. Returns the others.
local live, ended = others_of('')
release(ended)
return { 'seats', text(now), lines(live) }
