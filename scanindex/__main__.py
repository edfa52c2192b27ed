"""`python -m scanindex` is the console script."""

from scanindex.cli import main

if __name__ == "__main__":
    main()
