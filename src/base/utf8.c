#include "base/utf8.h"

size_t utf8_decode(const char *s, size_t n, uint32_t *point)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char lead = (unsigned char)*s;
    size_t width = lead < 0x80             ? 1
                   : (lead & 0xe0) == 0xc0 ? 2
                   : (lead & 0xf0) == 0xe0 ? 3
                   : (lead & 0xf8) == 0xf0 ? 4
                                           : 0;
    uint32_t value = width == 1 ? lead : lead & (0x7fu >> width);

    if (width == 0 || width > n)
        return 0;
    for (size_t i = 1; i < width; i++) {
        if (((unsigned char)s[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | ((unsigned char)s[i] & 0x3f);
    }
    /* overlong forms, surrogates, beyond Unicode */
    if (value < least[width] || (value >= 0xd800 && value <= 0xdfff) ||
        value > 0x10ffff)
        return 0;
    *point = value;
    return width;
}
