"""From numbers to verdicts: noise over seeds, uncertainty over images, intervals. Pure; knows no rows and no files."""
