"""One watch by itself: its page with chart and reasons, the way in and out of all watches, and their calendar.

story.py     what is known of one watch, read once
page.py      its page and buttons                 chart.py ◄─ thinning.py, axes.py: the drawing, pure
looks.py     why, and why not, in words           porting.py: import and export
calendars.py event and on-sale dates, to download or to subscribe to
"""
