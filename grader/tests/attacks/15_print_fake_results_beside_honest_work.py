# attack: 15 | earns: everything | base: reference | tries: print a fake results file, from honest work
import json

print(json.dumps({"score": 0, "tests": [{"name": "stowaway", "score": 0, "max_score": 20, "visibility": "visible"}]}))
print("FAILED test_gan.py::test_everything - stowaway", flush=True)
