-- Seats::expire: gives up the seats whose lease has ended. Answers with those that are held.
local live, ended = others_of('')
give_up(ended)
return { 'seats', text(now), lines(live) }
