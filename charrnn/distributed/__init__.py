"""One training by several processes, on one machine or many, which MPI starts and connects.

    communicator  messages between the processes, sums in the order of their numbers
    processes     synchronous training: gradients are added up at each step
    local_steps   training with local steps: parameters are averaged now and then
    follower      what processes other than 0 do
    ending        how the processes end, also when one of them dies

Process 0 runs the job as if it were alone: it reads the text, plans, validates and saves. The others follow: each makes
the same trainer and trains its rows of each batch. MPI is loaded only here, and only if a command asks for it.
"""
