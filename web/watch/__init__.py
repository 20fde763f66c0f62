"""One watch by itself: its page with chart and reasons. And all of them: in and out as files, as a calendar.

page.py        the page of one watch and its buttons
story.py       what is known of it, read once       outlook.py    when it ends, and where its own page is
looks.py       why, and why not, in words           charts.py     which charts it has
chart.py       one of them, drawn                   axes.py, thinning.py   what the drawing rests on
porting.py     import and export
calendars.py   dates, to download or to subscribe to: calendar_file.py, subscriptions.py
"""
