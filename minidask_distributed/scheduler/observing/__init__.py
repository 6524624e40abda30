"""What the scheduler remembers for people: progress, activities, memory over time, failures, departures, moves of work.

Place in the flow: `recorder.Recorder` stands beside the machine as ``scheduler.recorder``; the server shows it messages and
ticks, the dashboard and handlers of calls read it. Nothing here decides, sends, or knows HTTP.
"""
