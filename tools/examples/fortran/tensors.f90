! tensors ADDRESSES: put some tensors into a database, and get them back.
!
!     gfortran -I/prefix/include tensors.f90 -lsrb_tensor_client_fortran \
!         -lsrb_tensor_client && ./a.out 127.0.0.1:6379
program tensors
    use, intrinsic :: iso_c_binding, only: c_float, c_double
    use, intrinsic :: iso_fortran_env, only: error_unit
    use srb_tensor_client, only: tensor_client, srb_tensor, tensor_of
    implicit none
    type(tensor_client) :: client
    character(len=256) :: addresses
    character(len=512) :: words
    real(c_float) :: put(20, 50), got(20, 50)
    character(len=32) :: key
    ! all of them at once
    character(len=32), target :: keys(12)
    real(c_float), target :: puts(20, 50, 12), gots(20, 50, 12)
    type(srb_tensor) :: out(12), in(12)
    integer :: k

    addresses = '127.0.0.1:6379'
    if (command_argument_count() > 0) call get_command_argument(1, addresses)
    if (client%open(addresses, words, timeout=5.0_c_double) /= 0) &
        call give_up(trim(words))
    do k = 1, 12
        write (key, '(a, i0)') 'example_fortran_', k
        call random_number(put)
        if (client%put_tensor(trim(key), put) /= 0) &
            call give_up(client%error())
        if (client%unpack_tensor(trim(key), got) /= 0) &
            call give_up(client%error())
        if (any(abs(got - put) > 0)) call give_up(trim(key)//' changed')
    end do
    call random_number(puts)
    do k = 1, 12
        write (keys(k), '(a, i2.2)') 'example_fortran_', k
        out(k) = tensor_of(keys(k) (1:18), puts(:, :, k))
        in(k) = tensor_of(keys(k) (1:18), gots(:, :, k))
    end do
    if (client%put_tensors(out) /= 0) call give_up(client%error())
    if (client%unpack_tensors(in) /= 0) call give_up(client%error())
    if (any(abs(gots - puts) > 0)) call give_up('one of several changed')
    call client%close()
    print '(a)', '12 tensors there and back'

contains

    subroutine give_up(why)
        character(len=*), intent(in) :: why

        write (error_unit, '(a)') 'tensors: '//why
        call client%close()
        stop 1, quiet=.true.
    end subroutine give_up

end program tensors
