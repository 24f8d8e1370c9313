! tensor_client.h for Fortran: put tensors into an in-memory database, and get
! them back.
!
!     use srb_tensor_client
!     type(tensor_client) :: client
!     if (client%open('127.0.0.1:6379', words) /= 0) ...
!     if (client%put_tensor('key', tensor) /= 0) print *, client%error()
!     call client%close()
!
! Tensors are contiguous real(c_float) arrays of any rank; what is got must have
! as many elements as what was put. A failure is a value other than 0, with
! words; nothing is printed and nothing stops.
module srb_tensor_client
    use, intrinsic :: iso_c_binding, only: c_char, c_double, c_float, c_int, &
        c_loc, c_null_char, c_null_ptr, c_ptr, c_size_t, c_associated, &
        c_f_pointer
    implicit none
    private

    integer, parameter, public :: srb_client_socket = 0
    integer, parameter, public :: srb_client_hiredis = 1

    ! One's own client; not to be copied.
    type, public :: tensor_client
        private
        type(c_ptr) :: handle = c_null_ptr
        logical :: borrowed = .false.
    contains
        procedure :: open => open_client
        procedure :: close => close_client
        procedure :: borrow
        procedure :: put_tensor
        procedure :: unpack_tensor
        procedure :: put_tensors
        procedure :: unpack_tensors
        procedure :: error
    end type tensor_client

    ! struct srb_tensor: one of several, made by tensor_of().
    type, bind(c), public :: srb_tensor
        private
        type(c_ptr) :: key = c_null_ptr
        integer(c_size_t) :: key_length = 0
        type(c_ptr) :: data = c_null_ptr
        integer(c_size_t) :: count = 0
    end type srb_tensor

    public :: tensor_of

    ! struct srb_tensor_client_options
    type, bind(c) :: client_options
        type(c_ptr) :: addresses
        type(c_ptr) :: user
        type(c_ptr) :: password
        real(c_double) :: timeout
        integer(c_int) :: kind
    end type client_options

    interface
        function c_open(options, words, n) &
            bind(c, name='srb_tensor_client_open') result(handle)
            import :: c_ptr, c_char, c_size_t, client_options
            type(client_options), intent(in) :: options
            character(kind=c_char), intent(out) :: words(*)
            integer(c_size_t), value :: n
            type(c_ptr) :: handle
        end function c_open

        subroutine c_close(handle) bind(c, name='srb_tensor_client_close')
            import :: c_ptr
            type(c_ptr), value :: handle
        end subroutine c_close

        function c_error(handle) &
            bind(c, name='srb_tensor_client_error') result(words)
            import :: c_ptr
            type(c_ptr), value :: handle
            type(c_ptr) :: words
        end function c_error

        function c_put(handle, key, length, tensor, count) &
            bind(c, name='srb_put_tensor_n') result(stat)
            import :: c_ptr, c_char, c_size_t, c_int
            type(c_ptr), value :: handle
            character(kind=c_char), intent(in) :: key(*)
            integer(c_size_t), value :: length
            type(c_ptr), value :: tensor
            integer(c_size_t), value :: count
            integer(c_int) :: stat
        end function c_put

        function c_unpack(handle, key, length, tensor, count) &
            bind(c, name='srb_unpack_tensor_n') result(stat)
            import :: c_ptr, c_char, c_size_t, c_int
            type(c_ptr), value :: handle
            character(kind=c_char), intent(in) :: key(*)
            integer(c_size_t), value :: length
            type(c_ptr), value :: tensor
            integer(c_size_t), value :: count
            integer(c_int) :: stat
        end function c_unpack

        function c_put_many(handle, tensors, n) &
            bind(c, name='srb_put_tensors') result(stat)
            import :: c_ptr, c_size_t, c_int, srb_tensor
            type(c_ptr), value :: handle
            type(srb_tensor), intent(in) :: tensors(*)
            integer(c_size_t), value :: n
            integer(c_int) :: stat
        end function c_put_many

        function c_unpack_many(handle, tensors, n) &
            bind(c, name='srb_unpack_tensors') result(stat)
            import :: c_ptr, c_size_t, c_int, srb_tensor
            type(c_ptr), value :: handle
            type(srb_tensor), intent(in) :: tensors(*)
            integer(c_size_t), value :: n
            integer(c_int) :: stat
        end function c_unpack_many

        function c_strlen(text) bind(c, name='strlen') result(n)
            import :: c_ptr, c_size_t
            type(c_ptr), value :: text
            integer(c_size_t) :: n
        end function c_strlen
    end interface

contains

    ! Connect: addresses as tensor_client.h has them, timeout in seconds. words
    ! get the reason of a failure; trailing blanks are no part of any argument.
    function open_client(self, addresses, words, user, password, timeout, &
                         kind) result(stat)
        class(tensor_client), intent(inout) :: self
        character(len=*), intent(in) :: addresses
        character(len=*), intent(out) :: words
        character(len=*), intent(in), optional :: user, password
        real(c_double), intent(in), optional :: timeout
        integer, intent(in), optional :: kind
        integer :: stat
        character(len=:, kind=c_char), allocatable, target :: a, u, p
        character(kind=c_char) :: buffer(1024)
        type(client_options) :: options

        call self%close()
        a = trim(addresses)//c_null_char
        options = client_options(c_loc(a), c_null_ptr, c_null_ptr, &
                                 0.0_c_double, int(srb_client_socket, c_int))
        if (present(user)) then
            u = trim(user)//c_null_char
            options%user = c_loc(u)
        end if
        if (present(password)) then
            p = trim(password)//c_null_char
            options%password = c_loc(p)
        end if
        if (present(timeout)) options%timeout = timeout
        if (present(kind)) options%kind = int(kind, c_int)
        self%handle = c_open(options, buffer, size(buffer, kind=c_size_t))
        words = text_of(buffer)
        stat = merge(0, -1, c_associated(self%handle))
    end function open_client

    ! Disconnect; of a client that is not open, nothing.
    subroutine close_client(self)
        class(tensor_client), intent(inout) :: self

        if (.not. self%borrowed) call c_close(self%handle)
        self%handle = c_null_ptr
        self%borrowed = .false.
    end subroutine close_client

    ! Use a client that C opened, and closes.
    subroutine borrow(self, handle)
        class(tensor_client), intent(inout) :: self
        type(c_ptr), intent(in) :: handle

        call self%close()
        self%handle = handle
        self%borrowed = .true.
    end subroutine borrow

    ! Store a tensor under the key, all of it, blanks too.
    function put_tensor(self, key, tensor) result(stat)
        class(tensor_client), intent(in) :: self
        character(len=*, kind=c_char), intent(in) :: key
        real(c_float), intent(in), contiguous, target :: tensor(..)
        integer :: stat

        stat = -1
        if (.not. c_associated(self%handle)) return
        stat = int(c_put(self%handle, key, len(key, kind=c_size_t), &
                         c_loc(tensor), size(tensor, kind=c_size_t)))
    end function put_tensor

    ! Bring the tensor of that key.
    function unpack_tensor(self, key, tensor) result(stat)
        class(tensor_client), intent(in) :: self
        character(len=*, kind=c_char), intent(in) :: key
        real(c_float), intent(inout), contiguous, target :: tensor(..)
        integer :: stat

        stat = -1
        if (.not. c_associated(self%handle)) return
        stat = int(c_unpack(self%handle, key, len(key, kind=c_size_t), &
                            c_loc(tensor), size(tensor, kind=c_size_t)))
    end function unpack_tensor

    ! One of several tensors. Key and tensor are not copied: they must be
    ! targets, and outlive its use.
    function tensor_of(key, tensor) result(one)
        character(len=*, kind=c_char), intent(in), target :: key
        real(c_float), intent(in), contiguous, target :: tensor(..)
        type(srb_tensor) :: one

        one%key = c_loc(key)
        one%key_length = len(key, kind=c_size_t)
        one%data = c_loc(tensor)
        one%count = size(tensor, kind=c_size_t)
    end function tensor_of

    ! Store several tensors back to back, see srb_put_tensors() of
    ! tensor_client.h.
    function put_tensors(self, tensors) result(stat)
        class(tensor_client), intent(in) :: self
        type(srb_tensor), intent(in), contiguous :: tensors(:)
        integer :: stat

        stat = -1
        if (.not. c_associated(self%handle)) return
        stat = int(c_put_many(self%handle, tensors, &
                              size(tensors, kind=c_size_t)))
    end function put_tensors

    ! Bring several tensors.
    function unpack_tensors(self, tensors) result(stat)
        class(tensor_client), intent(in) :: self
        type(srb_tensor), intent(in), contiguous :: tensors(:)
        integer :: stat

        stat = -1
        if (.not. c_associated(self%handle)) return
        stat = int(c_unpack_many(self%handle, tensors, &
                                 size(tensors, kind=c_size_t)))
    end function unpack_tensors

    ! The words of the last failure of put_tensor or unpack_tensor.
    function error(self) result(words)
        class(tensor_client), intent(in) :: self
        character(len=:), allocatable :: words
        character(kind=c_char), pointer :: text(:)
        integer(c_size_t) :: n(1)
        type(c_ptr) :: at

        words = 'the client is not open'
        if (.not. c_associated(self%handle)) return
        at = c_error(self%handle)
        n = c_strlen(at) + 1
        call c_f_pointer(at, text, n)
        words = text_of(text)
    end function error

    ! A text of C, up to its NUL.
    pure function text_of(buffer) result(text)
        character(kind=c_char), intent(in) :: buffer(:)
        character(len=:), allocatable :: text
        integer :: i, n

        n = findloc(buffer, c_null_char, dim=1) - 1
        allocate (character(len=n) :: text)
        do i = 1, n
            text(i:i) = buffer(i)
        end do
    end function text_of

end module srb_tensor_client
