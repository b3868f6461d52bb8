import LSMTx

print("lsmtx")
