"""Where frames come from: screens (screen.py), cameras (webcam.py) and recordings (replay.py), all behind one small
protocol (source.py). Import the file that is needed: each loads only its own libraries.
"""
