"""Campaigns: what shares Quick Audience's task id within a channel, else an outId.

`joining` puts a send into its campaign, `controlling` pauses, resumes and cancels one, `reading` answers
questions about them, `recipients` walks through one's messages.
"""
