"""What tools/srbench-report is made of, in reading order:

words.py    numbers, sizes and axes as a person writes them; what a flag means
study.py    result files as one study: permutations, configurations, hosts
answer.py   which configuration was best, and which might be as good
digest.py   the samples of a configuration, reduced to what can be drawn
svg.py      panels with axes, drawn as SVG
charts.py   the charts of the page
page.py     the page; page.css, chart.css and page.js stand in it as they are
pictures.py the charts as PNG files
cli.py      the command line
"""
