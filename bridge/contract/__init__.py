"""Quick Audience's language: what it asks, what it is answered, and how both sides prove who they are.

Nothing here knows Flask or the database. Requests are read liberally and answered strictly; every decision
behind a field follows the published contract (help.aliyun.com 420566, read 2026-11).
"""
