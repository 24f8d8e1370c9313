#include "base/quote.h"

#include <stdbool.h>
#include <string.h>

#include "base/mem.h"

void quote_print(FILE *out, const char *text)
{
    fputc('\'', out);
    for (; *text; text++)
        fprintf(out, *text == '\'' ? "'\\''" : "%c", *text);
    fputc('\'', out);
}

char *quote_line(int argc, char *const argv[])
{
    char *text = NULL;
    size_t n;
    FILE *out = mem_stream(&text, &n);

    for (int i = 0; i < argc; i++) {
        bool plain =
            argv[i][0] && !strpbrk(argv[i], " \t\n\"'\\$`*?[]{}()<>|&;#~!");

        fputs(i ? " " : "", out);
        if (plain)
            fputs(argv[i], out);
        else
            quote_print(out, argv[i]);
    }
    fclose(out);
    return text;
}
