/* A program of nothing: what is linked with it must be whole by itself. */
int main(void)
{
    return 0;
}
