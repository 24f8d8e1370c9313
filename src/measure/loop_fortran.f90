! The timed loop in Fortran: its own arrays, and the client of the module
! srb_tensor_client. What C has of it stands in loop.h.
module srb_loop
    use, intrinsic :: iso_c_binding, only: c_char, c_f_pointer, c_float, &
        c_int, c_int64_t, c_intptr_t, c_loc, c_null_ptr, c_ptr, c_size_t
    use srb_tensor_client, only: tensor_client, srb_tensor
    implicit none
    private
    public :: loop_allocate, loop_release, loop_run

    integer(c_size_t), parameter :: page = 4096 ! SRB_LOOP_PAGE
    integer(c_size_t), parameter :: float_bytes = 4

    ! struct loop_task
    type, bind(c) :: loop_task
        type(c_ptr) :: load
        type(c_ptr) :: client
        type(c_ptr) :: key
        integer(c_size_t) :: key_length
        integer(c_size_t) :: count
        type(c_ptr) :: own
        integer(c_int) :: puts
        integer(c_int) :: gets
        integer(c_size_t) :: tensors
        type(c_ptr) :: put
        type(c_ptr) :: get
        integer(c_int) :: pipelined
        integer(c_int) :: retires
        integer(c_int) :: infers
        integer(c_int) :: lists
    end type loop_task

    ! A tensor, and the space it is aligned in.
    type :: tensor
        real(c_float), allocatable :: space(:)
        integer(c_size_t) :: first, last
    end type tensor

    type :: tensors
        type(tensor) :: put, got
    end type tensors

    interface
        function loop_more(load) bind(c) result(more)
            import :: c_ptr, c_int
            type(c_ptr), value :: load
            integer(c_int) :: more
        end function loop_more

        subroutine loop_stamp(load) bind(c)
            import :: c_ptr
            type(c_ptr), value :: load
        end subroutine loop_stamp

        subroutine loop_spoil(load) bind(c)
            import :: c_ptr
            type(c_ptr), value :: load
        end subroutine loop_spoil

        function loop_put(load, rc, start, finish) bind(c) result(stat)
            import :: c_ptr, c_int, c_int64_t
            type(c_ptr), value :: load
            integer(c_int), value :: rc
            integer(c_int64_t), value :: start, finish
            integer(c_int) :: stat
        end function loop_put

        function loop_got(load, rc, start, finish) bind(c) result(stat)
            import :: c_ptr, c_int, c_int64_t
            type(c_ptr), value :: load
            integer(c_int), value :: rc
            integer(c_int64_t), value :: start, finish
            integer(c_int) :: stat
        end function loop_got

        subroutine loop_stamp_all(load) bind(c)
            import :: c_ptr
            type(c_ptr), value :: load
        end subroutine loop_stamp_all

        subroutine loop_spoil_all(load) bind(c)
            import :: c_ptr
            type(c_ptr), value :: load
        end subroutine loop_spoil_all

        function loop_retire(load) bind(c) result(stat)
            import :: c_ptr, c_int
            type(c_ptr), value :: load
            integer(c_int) :: stat
        end function loop_retire

        function loop_infer(load) bind(c) result(stat)
            import :: c_ptr, c_int
            type(c_ptr), value :: load
            integer(c_int) :: stat
        end function loop_infer

        function loop_describe(load) bind(c) result(stat)
            import :: c_ptr, c_int
            type(c_ptr), value :: load
            integer(c_int) :: stat
        end function loop_describe

        function loop_append(load) bind(c) result(stat)
            import :: c_ptr, c_int
            type(c_ptr), value :: load
            integer(c_int) :: stat
        end function loop_append

        function loop_now() bind(c) result(ns)
            import :: c_int64_t
            integer(c_int64_t) :: ns
        end function loop_now

        subroutine loop_renew(pages, bytes) bind(c)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: pages
            integer(c_size_t), value :: bytes
        end subroutine loop_renew
    end interface

contains

    ! From a page on, in whole pages, which are then touched here.
    subroutine make(t, count, stat)
        type(tensor), intent(inout), target :: t
        integer(c_size_t), intent(in) :: count
        integer, intent(out) :: stat
        integer(c_size_t) :: floats, pages
        integer(c_intptr_t) :: at

        floats = page / float_bytes
        pages = (count + floats - 1) / floats
        allocate (t%space((pages + 1) * floats), stat=stat)
        if (stat /= 0) return
        at = modulo(transfer(c_loc(t%space), at), int(page, c_intptr_t))
        t%first = 1
        if (at > 0) t%first = 1 + (page - int(at, c_size_t)) / float_bytes
        t%last = t%first + count - 1
        call loop_renew(c_loc(t%space(t%first)), pages * page)
        t%space(t%first:t%last) = 0.0_c_float
    end subroutine make

    ! loop_fortran_allocate of loop.h
    function loop_allocate(count, out, in) &
        bind(c, name='loop_fortran_allocate') result(own)
        integer(c_size_t), value :: count
        type(c_ptr), intent(inout) :: out, in
        type(c_ptr) :: own
        type(tensors), pointer :: t
        integer :: stat

        own = c_null_ptr
        allocate (t, stat=stat)
        if (stat /= 0) return
        call make(t%put, count, stat)
        if (stat == 0) call make(t%got, count, stat)
        if (stat /= 0) then
            deallocate (t)
            return
        end if
        out = c_loc(t%put%space(t%put%first))
        in = c_loc(t%got%space(t%got%first))
        own = c_loc(t)
    end function loop_allocate

    subroutine loop_release(own) bind(c, name='loop_fortran_release')
        type(c_ptr), value :: own
        type(tensors), pointer :: t

        call c_f_pointer(own, t)
        deallocate (t)
    end subroutine loop_release

    function put(task, client, key, t) result(stat)
        type(loop_task), intent(in) :: task
        type(tensor_client), intent(in) :: client
        character(len=*, kind=c_char), intent(in) :: key
        type(tensor), intent(in) :: t
        integer(c_int) :: stat
        integer(c_int64_t) :: start, finish
        integer :: rc

        call loop_stamp(task%load)
        start = loop_now()
        rc = client%put_tensor(key, t%space(t%first:t%last))
        finish = loop_now()
        stat = loop_put(task%load, int(rc, c_int), start, finish)
    end function put

    function get(task, client, key, t) result(stat)
        type(loop_task), intent(in) :: task
        type(tensor_client), intent(in) :: client
        character(len=*, kind=c_char), intent(in) :: key
        type(tensor), intent(inout) :: t
        integer(c_int) :: stat
        integer(c_int64_t) :: start, finish
        integer :: rc

        call loop_spoil(task%load)
        start = loop_now()
        rc = client%unpack_tensor(key, t%space(t%first:t%last))
        finish = loop_now()
        stat = loop_got(task%load, int(rc, c_int), start, finish)
    end function get

    function put_all(task, client, list) result(stat)
        type(loop_task), intent(in) :: task
        type(tensor_client), intent(in) :: client
        type(srb_tensor), intent(in), contiguous :: list(:)
        integer(c_int) :: stat
        integer(c_int64_t) :: start, finish
        integer :: rc, i

        call loop_stamp_all(task%load)
        rc = 0
        start = loop_now()
        if (task%lists /= 0) rc = loop_describe(task%load)
        if (task%pipelined /= 0) then
            if (rc == 0) rc = client%put_tensors(list)
        else
            do i = 1, size(list)
                if (rc == 0) rc = client%put_tensors(list(i:i))
            end do
        end if
        if (task%lists /= 0 .and. rc == 0) rc = loop_append(task%load)
        finish = loop_now()
        stat = loop_put(task%load, int(rc, c_int), start, finish)
    end function put_all

    function get_all(task, client, list) result(stat)
        type(loop_task), intent(in) :: task
        type(tensor_client), intent(in) :: client
        type(srb_tensor), intent(in), contiguous :: list(:)
        integer(c_int) :: stat
        integer(c_int64_t) :: start, finish
        integer :: rc, i

        call loop_spoil_all(task%load)
        rc = 0
        start = loop_now()
        if (task%lists /= 0) rc = loop_describe(task%load)
        if (task%pipelined /= 0) then
            if (rc == 0) rc = client%unpack_tensors(list)
        else
            do i = 1, size(list)
                if (rc == 0) rc = client%unpack_tensors(list(i:i))
            end do
        end if
        finish = loop_now()
        stat = loop_got(task%load, int(rc, c_int), start, finish)
    end function get_all

    ! Steps that are more than one tensor under one key.
    subroutine run_all(task, client)
        type(loop_task), intent(in) :: task
        type(tensor_client), intent(in) :: client
        type(srb_tensor), pointer, contiguous :: out(:), in(:)
        integer(c_size_t) :: n(1)

        n = task%tensors
        call c_f_pointer(task%put, out, n)
        call c_f_pointer(task%get, in, n)
        do while (loop_more(task%load) /= 0)
            if (task%puts /= 0) then
                if (put_all(task, client, out) < 0) exit
            end if
            if (task%infers /= 0) then
                if (loop_infer(task%load) < 0) exit
            end if
            if (task%gets /= 0) then
                if (get_all(task, client, in) < 0) exit
            end if
            if (task%puts /= 0 .and. task%retires /= 0) then
                if (loop_retire(task%load) < 0) exit
            end if
        end do
    end subroutine run_all

    ! loop_fortran_run of loop.h
    subroutine loop_run(task) bind(c, name='loop_fortran_run')
        type(loop_task), intent(in) :: task
        type(tensor_client) :: client
        type(tensors), pointer :: t
        character(kind=c_char), pointer :: letters(:)
        character(len=task%key_length, kind=c_char) :: key
        integer(c_size_t) :: n(1)
        integer :: i

        call c_f_pointer(task%own, t)
        n = task%key_length
        call c_f_pointer(task%key, letters, n)
        do i = 1, size(letters)
            key(i:i) = letters(i)
        end do
        call client%borrow(task%client)
        if (task%tensors > 0) then
            call run_all(task, client)
            return
        end if
        do while (loop_more(task%load) /= 0)
            if (task%puts /= 0) then
                if (put(task, client, key, t%put) < 0) exit
            end if
            if (task%gets /= 0) then
                if (get(task, client, key, t%got) < 0) exit
            end if
        end do
    end subroutine loop_run

end module srb_loop
