/* SPDX-License-Identifier: Apache-2.0 */
/* Holds a file as a program does that shares it with nobody: `hold_file FILE`, until its standard input ends.
 */
#include <stdio.h>
#include <windows.h>

int main(int argc, char **argv)
{
    HANDLE file = argc == 2
                      ? CreateFileA(argv[1], GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL)
                      : INVALID_HANDLE_VALUE;
    if (file == INVALID_HANDLE_VALUE)
        return 1;
    puts("held");
    fflush(stdout);
    while (getchar() != EOF)
        ;
    CloseHandle(file);
    return 0;
}
