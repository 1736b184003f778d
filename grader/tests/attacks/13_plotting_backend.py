# attack: 13 | earns: everything | base: reference | tries: ask for a window to plot in, and change its style
import matplotlib
import matplotlib.pyplot as plt

matplotlib.use("TkAgg")
plt.style.use("dark_background")
plt.ion()
plt.figure()
