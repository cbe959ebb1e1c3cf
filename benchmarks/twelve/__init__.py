"""The twelve risks: does a screen name the twelve causes of infection, and nothing else?"""
