/* The terminal that somebody watches: how it is found through pipes, and what
 * is written to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/terminal.h"

/* A terminal's other side; standard error is this one until shut(). */
struct pty {
    int master, kept;
};

static int open_pty(int *slave)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);

    assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    *slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    assert_true(*slave >= 0);
    return master;
}

static struct pty on_terminal(int columns)
{
    struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = 24};
    struct pty t;
    int slave;

    t.master = open_pty(&slave);
    assert_int_equal(ioctl(t.master, TIOCSWINSZ, &size), 0);
    t.kept = dup(STDERR_FILENO);
    dup2(slave, STDERR_FILENO);
    close(slave);
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    return t;
}

static void shut(const struct pty *t)
{
    terminal_close();
    dup2(t->kept, STDERR_FILENO);
    close(t->kept);
    close(t->master);
}

/* What came to the other side. */
static const char *seen(const struct pty *t, char *buf, size_t n)
{
    ssize_t got;

    assert_int_equal(fcntl(t->master, F_SETFL, O_NONBLOCK), 0);
    got = read(t->master, buf, n - 1);
    buf[got > 0 ? got : 0] = '\0';
    return buf;
}

/* Cut to the width, without the last column; colours take none. */
static void a_line_fits(void **state)
{
    static const struct {
        int columns;
        const char *text, *seen;
    } vectors[] = {
        {20, "short", "\r\033[Jshort\033[0m\r"},
        {10, "123456789", "\r\033[J123456789\033[0m\r"},
        {10, "1234567890", "\r\033[J123456789\033[0m\r"},
        {6, "\033[32m123\033[0m4567", "\r\033[J\033[32m123\033[0m45\033[0m\r"},
        {10, "put 131 us  get 117 us", "\r\033[Jput 131\033[0m\r"},
        {12, "put 131 us  get 117 us", "\r\033[Jput 131 us \033[0m\r"},
        {0, "no width is 80", "\r\033[Jno width is 80\033[0m\r"},
        {1, "1", "\r\033[J\033[0m\r"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct pty t = on_terminal(vectors[i].columns);
        char buf[256];

        terminal_open();
        assert_true(terminal_there() && terminal_own());
        terminal_line(vectors[i].text);
        assert_string_equal(seen(&t, buf, sizeof buf), vectors[i].seen);
        terminal_line("");
        assert_string_equal(seen(&t, buf, sizeof buf), "\r\033[J");
        terminal_line(""); /* it has gone already */
        assert_string_equal(seen(&t, buf, sizeof buf), "");
        shut(&t);
    }
}

static void resized(void **state)
{
    struct pty t = on_terminal(80);
    struct winsize size = {.ws_col = 6, .ws_row = 24};
    char buf[256];

    (void)state;
    terminal_open();
    assert_int_equal(terminal_columns(), 80);
    ioctl(t.master, TIOCSWINSZ, &size);
    assert_int_equal(terminal_columns(), 6);
    terminal_line("1234567");
    assert_string_equal(seen(&t, buf, sizeof buf), "\r\033[J12345\033[0m\r");
    shut(&t);
}

static void hung_up(void **state)
{
    struct pty t = on_terminal(80);

    (void)state;
    terminal_open();
    assert_true(terminal_there());
    close(t.master);
    terminal_line("nobody reads it");
    assert_false(terminal_there());
    assert_false(terminal_lost()); /* it was its own, not the launcher's */
    terminal_line("nor this");
    t.master = dup(STDOUT_FILENO);
    shut(&t);
}

static void unwanted(void **state)
{
    static const struct {
        const char *name, *value;
    } vectors[] = {{"TERM", "dumb"}, {"TERM", ""}, {"NO_COLOR", "1"}};

    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        struct pty t = on_terminal(80);

        setenv(vectors[i].name, vectors[i].value, 1);
        terminal_open();
        assert_false(terminal_there());
        shut(&t);
    }
}

/* The child: waits until the other side has closed what it closes. */
static void find(int out, int go, pid_t parent)
{
    struct stat st;
    char c;
    int found;

    dup2(out, STDERR_FILENO);
    close(out);
    if (read(go, &c, 1) != 1 || fstat(STDERR_FILENO, &st) < 0)
        _exit(2);
    found = terminal_launcher(parent, st.st_ino);
    _exit(found == parent ? 0 : found == 0 ? 1 : 2);
}

/* A child with its standard error in a pipe that this process reads, or not;
 * whether it finds this process, whose own standard error is on fd. */
static bool child_finds(int fd, bool reads)
{
    int ends[2], go[2], kept = dup(STDERR_FILENO), status;
    pid_t parent = getpid(), child;

    assert_true(pipe(ends) == 0 && pipe(go) == 0);
    dup2(fd, STDERR_FILENO);
    child = fork();
    if (child == 0) {
        close(ends[0]);
        find(ends[1], go[0], parent);
    }
    close(ends[1]);
    if (!reads)
        close(ends[0]);
    assert_int_equal(write(go[1], "x", 1), 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    dup2(kept, STDERR_FILENO);
    close(kept);
    if (reads)
        close(ends[0]);
    close(go[0]);
    close(go[1]);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) < 2);
    return WEXITSTATUS(status) == 0;
}

static void through_a_pipe(void **state)
{
    int slave, master = open_pty(&slave), null = open("/dev/null", O_WRONLY);
    int other[2];

    (void)state;
    assert_true(child_finds(slave, true));
    assert_false(child_finds(slave, false)); /* it goes elsewhere */
    assert_false(child_finds(null, true));
    assert_int_equal(pipe(other), 0);
    assert_false(child_finds(other[1], true)); /* as with | tee */
    close(other[0]);
    close(other[1]);
    close(null);
    close(slave);
    close(master);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_fits),    cmocka_unit_test(resized),
        cmocka_unit_test(hung_up),        cmocka_unit_test(unwanted),
        cmocka_unit_test(through_a_pipe),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
